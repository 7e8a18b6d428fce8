"""The shapes of people and invites in the API."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.models import User

INVITE_STATES = ["open", "used_up", "expired", "revoked"]


class MeSerializer(serializers.Serializer[User]):
    id = serializers.UUIDField()
    username = serializers.CharField()
    email = serializers.EmailField()
    display_name = serializers.CharField()
    bio = serializers.CharField()
    created_at = serializers.DateTimeField()
    followers = serializers.IntegerField()
    following = serializers.IntegerField()
    suspended_until = serializers.DateTimeField(allow_null=True)


class ProfileChangesSerializer(serializers.Serializer[User]):
    display_name = serializers.CharField(max_length=50, allow_blank=True, required=False)
    bio = serializers.CharField(max_length=200, allow_blank=True, required=False)


class ViewerSerializer(serializers.Serializer[Any]):
    following = serializers.BooleanField(source="follows")
    followed_by = serializers.BooleanField()
    muting = serializers.BooleanField(source="mutes")


class UserSerializer(serializers.Serializer[User]):
    id = serializers.UUIDField()
    username = serializers.CharField()
    display_name = serializers.CharField()
    bio = serializers.CharField()
    created_at = serializers.DateTimeField()
    followers = serializers.IntegerField()
    following = serializers.IntegerField()
    viewer = serializers.SerializerMethodField()

    @extend_schema_field(ViewerSerializer)
    def get_viewer(self, user: User) -> dict[str, Any]:
        """Return how who asks stands to the user."""
        return dict(ViewerSerializer(self.context["relation"]).data)


class InviteRequestSerializer(serializers.Serializer[Any]):
    uses = serializers.IntegerField(min_value=1, max_value=1000, default=1)
    days = serializers.IntegerField(min_value=1, max_value=365, default=30)


class RedemptionSerializer(serializers.Serializer[Any]):
    username = serializers.CharField(source="user.username")
    at = serializers.DateTimeField(source="created_at")


class InviteSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    state = serializers.ChoiceField(choices=INVITE_STATES)
    uses = serializers.IntegerField()
    uses_left = serializers.IntegerField()
    expires_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()
    redeemed_by = RedemptionSerializer(source="redemptions", many=True)


class InviteListSerializer(serializers.Serializer[Any]):
    items = InviteSerializer(many=True)
    next = serializers.CharField(allow_null=True)


class NewInviteSerializer(InviteSerializer):
    code = serializers.CharField(help_text="Shown this once.")


class WaitlistRequestSerializer(serializers.Serializer[Any]):
    email = serializers.EmailField(max_length=254)


class WaitlistSerializer(serializers.Serializer[Any]):
    position = serializers.IntegerField()
