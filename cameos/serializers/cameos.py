"""The shapes of cameos, their terms and lists."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from cameos.models import (
    RESTRICTION_CHARACTERS_MAX,
    Audience,
    Cameo,
    CameoKind,
    CameoState,
)
from cameos.policy.permission import REASONS
from cameos.selectors.reach import LISTED_MAX, Stage

USABLE = ("yes", "ask", "no")


class CameoSerializer(serializers.Serializer[Any]):
    """A cameo as its owner sees it."""

    handle = serializers.CharField(allow_null=True, help_text="Null: nobody can name it.")
    kind = serializers.ChoiceField(choices=CameoKind.choices)
    state = serializers.ChoiceField(choices=CameoState.choices)
    refused_reason = serializers.CharField(help_text="Why a character was refused; else empty.")
    frozen_reason = serializers.CharField(help_text="Why moderators froze it; else empty.")
    name = serializers.CharField()
    owner = serializers.CharField(source="owner.username")
    audience = serializers.ChoiceField(choices=Audience.choices)
    ask_me = serializers.BooleanField(help_text="Each use of others waits for the owner's yes.")
    is_paused = serializers.BooleanField()
    voice_allowed = serializers.BooleanField()
    restriction_tags = serializers.ListField(child=serializers.CharField())
    restriction_text = serializers.CharField()
    terms_version = serializers.IntegerField(help_text="Raised by each change of the terms.")
    created_at = serializers.DateTimeField()
    portrait_url = serializers.SerializerMethodField()

    @extend_schema_field(serializers.CharField(allow_null=True))
    def get_portrait_url(self, cameo: Cameo) -> str | None:
        """Return where the owner gets the portrait that engines get."""
        has_portrait = getattr(cameo, "has_portrait", False)
        return f"/api/v1/cameos/{cameo.handle}/portrait" if has_portrait else None


class CameoListSerializer(serializers.Serializer[Any]):
    """My cameos."""

    items = CameoSerializer(many=True)


class CameoCardSerializer(serializers.Serializer[Any]):
    """A cameo as others see it."""

    handle = serializers.CharField()
    kind = serializers.ChoiceField(choices=CameoKind.choices)
    name = serializers.CharField()
    owner = serializers.CharField()
    usable = serializers.ChoiceField(
        choices=USABLE, help_text="`ask`: a clip with it waits for the owner's yes."
    )
    reason = serializers.ChoiceField(
        choices=REASONS, allow_null=True, help_text="Why not, or why so."
    )


class CameoCardPageSerializer(serializers.Serializer[Any]):
    """A page of cameos that I may use or ask for."""

    items = CameoCardSerializer(many=True)
    next = serializers.CharField(allow_null=True)


class CameoChangesSerializer(serializers.Serializer[Any]):
    """What to change of a cameo; what is left out stays."""

    name = serializers.CharField(max_length=60, required=False, allow_blank=True)
    audience = serializers.ChoiceField(choices=Audience.choices, required=False)
    ask_me = serializers.BooleanField(required=False)
    is_paused = serializers.BooleanField(required=False)
    voice_allowed = serializers.BooleanField(required=False)
    restriction_tags = serializers.ListField(
        child=serializers.CharField(max_length=40), max_length=50, required=False
    )
    restriction_text = serializers.CharField(
        max_length=RESTRICTION_CHARACTERS_MAX,
        required=False,
        allow_blank=True,
        help_text='In your own words: "no clowns; never with snakes; not in a kitchen".',
    )

    def validate_restriction_tags(self, tags: list[str]) -> list[str]:
        """Keep each tag once, in one order: the same choice again is no change."""
        return sorted(set(tags))


class AccessRequestSerializer(serializers.Serializer[Any]):
    """On which list to put somebody."""

    is_allowed = serializers.BooleanField(help_text="False: the deny list.")


class AccessSerializer(serializers.Serializer[Any]):
    """Somebody on a cameo's lists."""

    username = serializers.CharField(source="user.username")
    is_allowed = serializers.BooleanField()
    created_at = serializers.DateTimeField()


class AccessPageSerializer(serializers.Serializer[Any]):
    """A page of a cameo's lists."""

    items = AccessSerializer(many=True)
    next = serializers.CharField(allow_null=True)


class RestrictionTagSerializer(serializers.Serializer[Any]):
    """A restriction that can be ticked."""

    name = serializers.CharField()
    title = serializers.CharField()
    binds_picture = serializers.BooleanField(
        help_text="Whether frames are held against it too, by their nudity score."
    )


class RestrictionsSerializer(serializers.Serializer[Any]):
    """The restrictions that can be ticked."""

    version = serializers.CharField()
    items = RestrictionTagSerializer(many=True)
    text_max_characters = serializers.IntegerField()


class ReachSerializer(serializers.Serializer[Any]):
    """What revoking touches, in numbers."""

    clips = serializers.IntegerField(help_text="Made or in the making, remixes included.")
    published = serializers.IntegerField(help_text="Those of them that are published.")
    unpublished = serializers.IntegerField(help_text="Drafts, and clips that moderators hid.")
    in_making = serializers.IntegerField(help_text="Clips whose jobs are not done.")
    remixes = serializers.IntegerField(
        help_text="Those of all that show it only through what they were made from."
    )
    people = serializers.IntegerField(help_text="Who made them, but for its owner.")
    cosigns = serializers.IntegerField(help_text="Open questions to its owner.")


class ShownSerializer(serializers.Serializer[Any]):
    """A clip that shows my likeness, or is to show it."""

    clip = serializers.UUIDField()
    by = serializers.CharField(allow_null=True, help_text="Null: the account is deleted.")
    stage = serializers.ChoiceField(choices=[stage.value for stage in Stage])
    is_remix = serializers.BooleanField(help_text="Only through what it was made from.")


class RevokedSerializer(serializers.Serializer[Any]):
    """What was revoked, or would be."""

    reach = ReachSerializer()
    clips = ShownSerializer(many=True, help_text=f"The newest, {LISTED_MAX} at most.")
