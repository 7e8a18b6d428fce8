"""The shapes of consent texts and enrolments in the API."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from cameos.policy.consent import PERSON, PROTECTED, PURPOSES
from cameos.policy.reasons import SENTENCES
from cameos.states import EnrolmentState

ENROLMENT_KINDS = [PERSON, PROTECTED]
ENROLMENT_STATES = [state.value for state in EnrolmentState]
PURPOSE_NAMES = [purpose.name for purpose in PURPOSES]
TURNS = ["left", "right"]


class PurposeSerializer(serializers.Serializer[Any]):
    """One thing to agree to by itself."""

    name = serializers.ChoiceField(choices=PURPOSE_NAMES)
    text = serializers.CharField()
    required = serializers.BooleanField(  # type: ignore[assignment]  # the field's name
        help_text="Whether there is no enrolment without it."
    )
    kinds = serializers.ListField(child=serializers.ChoiceField(choices=ENROLMENT_KINDS))


class ConsentSerializer(serializers.Serializer[Any]):
    """The text that is agreed to."""

    version = serializers.CharField()
    sha256 = serializers.CharField(help_text="Of the text as UTF-8.")
    text = serializers.CharField(help_text="Paragraphs; '# ' begins a heading, '- ' a point.")
    purposes = PurposeSerializer(many=True)


class EnrolmentRequestSerializer(serializers.Serializer[Any]):
    """What begins an enrolment."""

    consent_version = serializers.CharField(max_length=20)
    purposes = serializers.ListField(
        child=serializers.ChoiceField(choices=PURPOSE_NAMES), max_length=len(PURPOSE_NAMES)
    )
    kind = serializers.ChoiceField(choices=ENROLMENT_KINDS, default=PERSON)


class ChallengeSerializer(serializers.Serializer[Any]):
    """What is to be said and done in the capture."""

    digits = serializers.ListField(child=serializers.IntegerField(min_value=1, max_value=9))
    turns = serializers.ListField(
        child=serializers.ChoiceField(choices=TURNS), help_text="The person's own left and right."
    )
    expires_at = serializers.DateTimeField(help_text="By then the upload must have begun.")


class UploadSerializer(serializers.Serializer[Any]):
    """Where the capture goes, and what it may be."""

    url = serializers.CharField()
    received_bytes = serializers.IntegerField()
    max_bytes = serializers.IntegerField()
    min_seconds = serializers.IntegerField()
    max_seconds = serializers.IntegerField()
    types = serializers.ListField(child=serializers.CharField())


class EnrolmentReasonSerializer(serializers.Serializer[Any]):
    """Why there is no cameo, or not yet."""

    code = serializers.ChoiceField(choices=sorted(SENTENCES))
    message = serializers.CharField()


class EnrolmentSerializer(serializers.Serializer[Any]):
    """One attempt to enrol a face."""

    id = serializers.UUIDField()
    kind = serializers.ChoiceField(choices=ENROLMENT_KINDS)
    state = serializers.ChoiceField(choices=ENROLMENT_STATES)
    challenge = ChallengeSerializer(
        allow_null=True, help_text="Null once the capture is submitted."
    )
    upload = UploadSerializer()
    reasons = EnrolmentReasonSerializer(many=True)
    cameo = serializers.CharField(allow_null=True, help_text="The handle of what it became.")
    created_at = serializers.DateTimeField()
    deadline_at = serializers.DateTimeField(help_text="When this state ends by itself.")


class EnrolmentPageSerializer(serializers.Serializer[Any]):
    """A page of enrolments, the newest first."""

    items = EnrolmentSerializer(many=True)
    next = serializers.CharField(allow_null=True)
