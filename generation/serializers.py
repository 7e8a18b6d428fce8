"""The shapes of the generation API; what an engine can do is checked by the service."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from engine.contracts import MAX_CAST, Shot
from generation.models import STATES, TEXT_CHARACTERS_MAX, Appeal, Upload, UploadState
from generation.services.request import SEED_MAX, GenerationRequest, RemixOf
from generation.services.uploads import NOT_CHECKED, REAL_FACE, SENTENCES

SECONDS_DEFAULT = 5
HANDLE_LENGTH_MAX = 31  # with its "@"


class ShotSerializer(serializers.Serializer[Any]):
    """One camera take."""

    prompt = serializers.CharField(max_length=settings.PROMPT_CHARACTERS_MAX)
    seconds = serializers.IntegerField(min_value=1)
    camera = serializers.CharField(max_length=100, required=False, allow_null=True)


class RemixOfSerializer(serializers.Serializer[Any]):
    """The clip a new one is made from."""

    clip = serializers.UUIDField()
    kind = serializers.ChoiceField(choices=["remix"], default="remix")


class GenerationRequestSerializer(serializers.Serializer[Any]):
    """What to make: a `prompt`, or `shots` one after the other."""

    prompt = serializers.CharField(max_length=settings.PROMPT_CHARACTERS_MAX, required=False)
    shots = ShotSerializer(many=True, required=False, allow_empty=False)
    seconds = serializers.IntegerField(
        required=False, help_text="5 when left out; with shots, their sum."
    )
    size = serializers.CharField(max_length=12, required=False, allow_null=True)
    engine = serializers.CharField(max_length=40, required=False, allow_null=True)
    seed = serializers.IntegerField(
        min_value=0, max_value=SEED_MAX, required=False, allow_null=True
    )
    style = serializers.CharField(  # type: ignore[assignment]  # a field named as an attribute
        max_length=100, required=False, allow_blank=True, default=""
    )
    negative_prompt = serializers.CharField(
        max_length=settings.PROMPT_CHARACTERS_MAX, required=False, allow_blank=True, default=""
    )
    audio = serializers.BooleanField(required=False, default=True)
    caption = serializers.CharField(max_length=300, required=False, allow_blank=True, default="")
    publish = serializers.BooleanField(required=False, default=False)
    remix_of = RemixOfSerializer(required=False, allow_null=True)
    input_reference = serializers.UUIDField(
        required=False, allow_null=True, help_text="An upload of mine that the clip begins from."
    )
    cameos = serializers.ListField(
        child=serializers.CharField(max_length=HANDLE_LENGTH_MAX),
        max_length=MAX_CAST,
        required=False,
        help_text="Whose likenesses to show, as @handle; those that a prompt mentions are, too.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Hold prompt, shots and seconds together.

        Raises:
            ValidationError: they contradict each other.
        """
        shots = attrs.get("shots")
        if ("prompt" in attrs) == (shots is not None):
            raise serializers.ValidationError({"prompt": "Give either a prompt or shots."})
        total = sum(shot["seconds"] for shot in shots) if shots else None
        if total is not None and attrs.setdefault("seconds", total) != total:
            raise serializers.ValidationError({"seconds": "Not the sum of the shots."})
        return attrs

    def to_request(self) -> GenerationRequest:
        """Return the validated body as the service takes it."""
        return self.request_of(self.validated_data)

    @staticmethod
    def request_of(validated: dict[str, Any]) -> GenerationRequest:
        """Return a validated body, also one that was part of another, as the service takes it."""
        body = dict(validated)
        shots = tuple(
            Shot(s["prompt"], s["seconds"], s.get("camera")) for s in body.pop("shots", ())
        )
        remix = body.pop("remix_of", None)
        return GenerationRequest(
            prompt=body.pop("prompt", ""),
            seconds=body.pop("seconds", SECONDS_DEFAULT),
            shots=shots,
            remix_of=RemixOf(remix["clip"], remix["kind"]) if remix else None,
            cameos=tuple(dict.fromkeys(body.pop("cameos", ()))),
            **body,
        )


class GenerationsQuerySerializer(serializers.Serializer[Any]):
    """Which of my jobs to list."""

    state = serializers.ChoiceField(choices=STATES, required=False)


class NotDrawnSerializer(serializers.Serializer[Any]):
    """Words of the prompt that the engine could not draw."""

    phrase = serializers.CharField()
    instead = serializers.CharField(allow_null=True, help_text="What was drawn in its place.")


class GenerationErrorSerializer(serializers.Serializer[Any]):
    """Why there is no clip."""

    code = serializers.CharField()
    message = serializers.CharField()
    retryable = serializers.BooleanField()


class RecipeShotSerializer(serializers.Serializer[Any]):
    """One camera take as it was asked for."""

    prompt = serializers.CharField()
    seconds = serializers.IntegerField()
    camera = serializers.CharField(allow_null=True)


class RecipeSerializer(serializers.Serializer[Any]):
    """All that is needed to draw the same frames again."""

    engine = serializers.CharField()
    prompt = serializers.CharField(allow_null=True)
    shots = RecipeShotSerializer(many=True, allow_null=True)
    seconds = serializers.IntegerField()
    size = serializers.CharField()
    seed = serializers.IntegerField()
    style = serializers.CharField(allow_null=True)  # type: ignore[assignment]  # as above
    negative_prompt = serializers.CharField(allow_null=True)
    audio = serializers.BooleanField()
    input_reference = serializers.UUIDField(allow_null=True)
    cameos = serializers.ListField(
        child=serializers.CharField(), help_text="Whose likenesses, as @handle."
    )


class GenerationRemixSerializer(serializers.Serializer[Any]):
    """The clip that this one is made from."""

    clip = serializers.UUIDField()
    kind = serializers.CharField()


class GenerationSerializer(serializers.Serializer[Any]):
    """A job as its author sees it."""

    id = serializers.UUIDField()
    state = serializers.ChoiceField(choices=STATES)
    stage = serializers.CharField(help_text="Finer than the state, for people.")
    progress = serializers.IntegerField(min_value=0, max_value=100)
    position = serializers.IntegerField(
        allow_null=True, help_text="1: next; null: not waiting, or for a person's consent."
    )
    eta_seconds = serializers.IntegerField(allow_null=True)
    clip = serializers.UUIDField(allow_null=True)
    error = GenerationErrorSerializer(allow_null=True)
    not_drawn = NotDrawnSerializer(many=True)
    price = serializers.IntegerField(help_text="Credits: held now, charged for a clip alone.")
    engine = serializers.CharField()
    caption = serializers.CharField()
    publish = serializers.BooleanField()
    remix_of = GenerationRemixSerializer(allow_null=True)
    recipe = RecipeSerializer()
    created_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)


class GenerationPageSerializer(serializers.Serializer[Any]):
    """A page of jobs."""

    items = GenerationSerializer(many=True)
    next = serializers.CharField(allow_null=True)


class ReasonSerializer(serializers.Serializer[Any]):
    """Why a request is refused: by a rule of policy, or by the code that the real call answers."""

    field = serializers.CharField(allow_null=True)
    rule = serializers.CharField()
    span = serializers.ListField(
        child=serializers.IntegerField(),
        min_length=2,
        max_length=2,
        allow_null=True,
        help_text="[start, end) of the field's text",
    )
    message = serializers.CharField()
    suggestion = serializers.CharField(allow_null=True)


class PreflightSerializer(serializers.Serializer[Any]):
    """What the real call would decide."""

    allowed = serializers.BooleanField()
    reasons = ReasonSerializer(many=True)
    price = serializers.IntegerField(help_text="Credits.")
    balance = serializers.IntegerField(help_text="Credits that may be spent now.")
    eta_seconds = serializers.IntegerField(
        allow_null=True,
        help_text="Until the clip is ready; null: nothing to learn from yet, or a person is asked.",
    )
    needs_consent_of = serializers.ListField(
        child=serializers.CharField(),
        help_text="@handle of each cameo whose owner is asked before the clip is made.",
    )


class AppealTextSerializer(serializers.Serializer[Any]):
    """Why a refusal is wrong."""

    text = serializers.CharField(
        max_length=TEXT_CHARACTERS_MAX, required=False, allow_blank=True, default=""
    )


class AppealRequestSerializer(AppealTextSerializer):
    """A refused request, as it was sent, and why it should be allowed."""

    request = GenerationRequestSerializer()


class AppealSerializer(serializers.ModelSerializer[Appeal]):
    """An appeal as its author sees it."""

    generation = serializers.UUIDField(source="job_id", allow_null=True)
    reasons = ReasonSerializer(many=True)
    decision_reason = serializers.CharField(allow_blank=True)

    class Meta:
        model = Appeal
        fields = (
            "id",
            "state",
            "generation",
            "reasons",
            "text",
            "decision_reason",
            "created_at",
            "decided_at",
        )


class AppealPageSerializer(serializers.Serializer[Any]):
    """A page of appeals."""

    items = AppealSerializer(many=True)
    next = serializers.CharField(allow_null=True)


class EngineSerializer(serializers.Serializer[Any]):
    """What can be asked of one engine; limits are null until it has answered once."""

    name = serializers.CharField()
    is_default = serializers.BooleanField()
    is_available = serializers.BooleanField()
    kind = serializers.CharField(allow_null=True)
    description = serializers.CharField(allow_null=True)
    sizes = serializers.ListField(child=serializers.CharField())
    min_seconds = serializers.IntegerField(allow_null=True)
    max_seconds = serializers.IntegerField(allow_null=True)
    max_shots = serializers.IntegerField(allow_null=True)
    max_shot_seconds = serializers.IntegerField(allow_null=True)
    audio = serializers.BooleanField(allow_null=True)
    input_reference = serializers.BooleanField(
        allow_null=True, help_text="Whether a clip may begin from an upload."
    )
    procedural = serializers.BooleanField(allow_null=True)
    captions = serializers.BooleanField(
        allow_null=True, help_text="Whether clips in which somebody speaks get captions."
    )
    licence = serializers.CharField(
        allow_null=True, help_text="Id of the model's licence, where the engine tells one."
    )
    cameos = serializers.BooleanField()
    price_per_second = serializers.FloatField(help_text="Credits at the smallest size.")


class EngineListSerializer(serializers.Serializer[Any]):
    """Every engine of the instance."""

    items = EngineSerializer(many=True)


class PictureRequestSerializer(serializers.Serializer[Any]):
    """A picture to begin from."""

    file = serializers.FileField(help_text="JPEG, PNG or WebP, at most 8 MiB and 40 megapixels.")


class PictureReasonSerializer(serializers.Serializer[Any]):
    """Why a picture is refused."""

    code = serializers.ChoiceField(choices=[REAL_FACE, NOT_CHECKED])
    message = serializers.CharField()


class PictureUploadSerializer(serializers.Serializer[Any]):
    """A picture of mine."""

    id = serializers.UUIDField()
    state = serializers.ChoiceField(choices=UploadState.choices)
    reason = serializers.SerializerMethodField()
    width = serializers.IntegerField(source="width_px", help_text="In px, as it is kept.")
    height = serializers.IntegerField(source="height_px", help_text="In px, as it is kept.")
    created_at = serializers.DateTimeField()

    @extend_schema_field(PictureReasonSerializer(allow_null=True))
    def get_reason(self, upload: Upload) -> dict[str, str] | None:
        """Return why it is refused; None: it is not."""
        if not upload.refused_code:
            return None
        return {"code": upload.refused_code, "message": SENTENCES[upload.refused_code]}
