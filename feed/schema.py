"""The shapes of clip cards and credentials, for the views of the feed and of the apps above it.

For the OpenAPI document alone: cards are made by `feed.selectors.cards`, in one go for a page.
"""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from feed.models import ClipState, RemixAllowed

URL_HELP = (
    "Signed and expiring; relative to the API's address unless the instance has a PUBLIC_URL. "
    "Null while a moderator hides the clip."
)
SHOWN_STATES = [state for state in ClipState.values if state != ClipState.DELETED]


class AuthorSerializer(serializers.Serializer[Any]):
    """Who made a clip."""

    username = serializers.CharField()
    display_name = serializers.CharField()


class StatsSerializer(serializers.Serializer[Any]):
    """What others did with a clip."""

    likes = serializers.IntegerField()
    remixes = serializers.IntegerField()


class ClipViewerSerializer(serializers.Serializer[Any]):
    """How I stand to a clip and its author."""

    liked = serializers.BooleanField()
    following = serializers.BooleanField()


class ClipReferenceSerializer(serializers.Serializer[Any]):
    """Another clip, named as far as I may know of it."""

    id = serializers.UUIDField()
    author = serializers.CharField(
        allow_null=True, help_text="The credit; null where I may not see who it is."
    )
    available = serializers.BooleanField(help_text="False: a tombstone, without media.")


class RemixInfoSerializer(serializers.Serializer[Any]):
    """Where a clip came from, and what may come from it."""

    root = ClipReferenceSerializer(allow_null=True)
    parent = ClipReferenceSerializer(allow_null=True)
    count = serializers.IntegerField()
    allowed = serializers.BooleanField(help_text="Whether I may remix it.")


class AiDisclosureSerializer(serializers.Serializer[Any]):
    """The label that is shown beside a clip wherever it is."""

    label = serializers.CharField()  # type: ignore[assignment]  # a field of that name
    text = serializers.CharField()
    credentials_url = serializers.CharField()


class ClipCardSerializer(serializers.Serializer[Any]):
    """A clip as the feed shows it."""

    id = serializers.UUIDField()
    state = serializers.ChoiceField(choices=SHOWN_STATES)
    author = AuthorSerializer()
    caption = serializers.CharField()
    created_at = serializers.DateTimeField()
    published_at = serializers.DateTimeField(allow_null=True)
    seconds = serializers.FloatField()
    width = serializers.IntegerField()
    height = serializers.IntegerField()
    poster_url = serializers.CharField(allow_null=True, help_text=URL_HELP)
    mp4_url = serializers.CharField(allow_null=True, help_text=URL_HELP)
    hls_url = serializers.CharField(allow_null=True, help_text=URL_HELP)
    captions_url = serializers.CharField(
        allow_null=True,
        help_text="What is spoken, as WebVTT; signed as the other media. Null without speech.",
    )
    stats = StatsSerializer()
    viewer = ClipViewerSerializer()
    cameos = serializers.ListField(child=serializers.CharField())
    remix_allowed = serializers.ChoiceField(
        choices=RemixAllowed.choices, help_text="The author's choice."
    )
    remix = RemixInfoSerializer()
    ai_disclosure = AiDisclosureSerializer()
    why_url = serializers.CharField(allow_null=True)
    statement_of_reasons_url = serializers.CharField(
        allow_null=True, help_text="Where the author of a hidden clip reads why."
    )


class ClipPageSerializer(serializers.Serializer[Any]):
    """One page of clips."""

    items = ClipCardSerializer(many=True)
    next = serializers.CharField(allow_null=True)


class CredentialsSerializer(serializers.Serializer[Any]):
    """How a clip was made."""

    clip = serializers.UUIDField()
    instance = serializers.CharField()
    author = serializers.CharField()
    created_at = serializers.DateTimeField()
    label = serializers.CharField()  # type: ignore[assignment]  # a field of that name
    text = serializers.CharField()
    engine = serializers.CharField()
    engine_is_procedural = serializers.BooleanField()
    made_from = ClipReferenceSerializer(allow_null=True)
    marks = serializers.ListField(
        child=serializers.ChoiceField(choices=["visible", "invisible", "c2pa"]),
        help_text="What every delivered file of the clip carries.",
    )
    mark_id = serializers.CharField(help_text="What the invisible mark says, in decimal.")
    verify_url = serializers.CharField(help_text="Where a copy of the file can be checked.")
