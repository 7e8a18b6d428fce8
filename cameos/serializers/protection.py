"""The shapes of protected faces in the API."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from cameos.serializers.enrolments import PURPOSE_NAMES


class ProtectionRequestSerializer(serializers.Serializer[Any]):
    """What begins the registration of a face that is to be kept out of clips."""

    consent_version = serializers.CharField(max_length=20)
    purposes = serializers.ListField(
        child=serializers.ChoiceField(choices=PURPOSE_NAMES), max_length=len(PURPOSE_NAMES)
    )


class ProtectedFaceSerializer(serializers.Serializer[Any]):
    """A face of mine that is kept out of clips."""

    id = serializers.UUIDField()
    created_at = serializers.DateTimeField()


class ProtectedFacesSerializer(serializers.Serializer[Any]):
    """My protected faces: one at most."""

    items = ProtectedFaceSerializer(many=True)
