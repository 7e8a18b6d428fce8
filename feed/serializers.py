"""The shapes of what the feed takes."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from feed.models import CAPTION_CHARACTERS_MAX, RemixAllowed


class ClipChangesSerializer(serializers.Serializer[Any]):
    """What an author may change of a clip."""

    caption = serializers.CharField(
        max_length=CAPTION_CHARACTERS_MAX, allow_blank=True, required=False
    )
    remix_allowed = serializers.ChoiceField(choices=RemixAllowed.choices, required=False)
