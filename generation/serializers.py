"""The shapes of the generation API; what an engine can do is checked by the service."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from rest_framework import serializers

from engine.contracts import Shot
from generation.models import STATES
from generation.services.submit import SEED_MAX, GenerationRequest, RemixOf

SECONDS_DEFAULT = 5


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
        body = dict(self.validated_data)
        shots = tuple(
            Shot(s["prompt"], s["seconds"], s.get("camera")) for s in body.pop("shots", ())
        )
        remix = body.pop("remix_of", None)
        return GenerationRequest(
            prompt=body.pop("prompt", ""),
            seconds=body.pop("seconds", SECONDS_DEFAULT),
            shots=shots,
            remix_of=RemixOf(remix["clip"], remix["kind"]) if remix else None,
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
    position = serializers.IntegerField(allow_null=True, help_text="1: next; null: not waiting.")
    eta_seconds = serializers.IntegerField(allow_null=True)
    clip = serializers.UUIDField(allow_null=True)
    error = GenerationErrorSerializer(allow_null=True)
    not_drawn = NotDrawnSerializer(many=True)
    price = serializers.IntegerField(allow_null=True, help_text="Credits; null: it is free.")
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
    """Why policy refuses a text."""

    field = serializers.CharField()
    rule = serializers.CharField()
    span = serializers.ListField(
        child=serializers.IntegerField(), min_length=2, max_length=2, help_text="[start, end)"
    )
    message = serializers.CharField()
    suggestion = serializers.CharField(allow_null=True)


class PreflightSerializer(serializers.Serializer[Any]):
    """What the real call would decide."""

    allowed = serializers.BooleanField()
    reasons = ReasonSerializer(many=True)
    price = serializers.IntegerField(allow_null=True, help_text="Credits; null: it is free.")
    balance = serializers.IntegerField(allow_null=True)
    eta_seconds = serializers.IntegerField(allow_null=True)


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
    procedural = serializers.BooleanField(allow_null=True)
    captions = serializers.BooleanField(
        allow_null=True, help_text="Whether clips in which somebody speaks get captions."
    )
    licence = serializers.CharField(
        allow_null=True, help_text="Id of the model's licence, where the engine tells one."
    )
    cameos = serializers.BooleanField()
    price_per_second = serializers.IntegerField(allow_null=True)


class EngineListSerializer(serializers.Serializer[Any]):
    """Every engine of the instance."""

    items = EngineSerializer(many=True)
