"""The shapes of characters in the API."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers


class CharacterRequestSerializer(serializers.Serializer[Any]):
    """A character to be made."""

    name = serializers.CharField(
        max_length=30,
        help_text="a-z, 0-9 and underscore; its handle is my username, a dash, and this.",
    )
    display_name = serializers.CharField(
        max_length=60, required=False, default="", help_text="As people read it."
    )
    image = serializers.FileField(
        help_text="JPEG, PNG or WebP without a human face, at most 8 MiB and 40 megapixels."
    )
