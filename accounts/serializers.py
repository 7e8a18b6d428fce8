"""The shapes of people and invites in the API."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.models import GuardianshipState, User
from accounts.policy import LikenessStanding

INVITE_STATES = ["open", "used_up", "expired", "revoked"]
LIKENESS_STANDINGS = [each.value for each in LikenessStanding]


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


class GuardianRequestSerializer(serializers.Serializer[Any]):
    username = serializers.CharField(max_length=30)


class AnswerSerializer(serializers.Serializer[Any]):
    accept = serializers.BooleanField()


class GrantsSerializer(serializers.Serializer[Any]):
    may_enrol_cameo = serializers.BooleanField()


class LinkSerializer(serializers.Serializer[Any]):
    state = serializers.ChoiceField(choices=GuardianshipState.choices)
    may_enrol_cameo = serializers.BooleanField()
    created_at = serializers.DateTimeField()
    answered_at = serializers.DateTimeField(allow_null=True)


class GuardianSerializer(LinkSerializer):
    username = serializers.CharField(source="guardian.username")
    display_name = serializers.CharField(source="guardian.display_name")


class WardSerializer(LinkSerializer):
    username = serializers.CharField(source="ward.username")
    display_name = serializers.CharField(source="ward.display_name")


class GuardianListSerializer(serializers.Serializer[Any]):
    likeness_standing = serializers.ChoiceField(choices=LIKENESS_STANDINGS)
    items = GuardianSerializer(many=True)
    next = serializers.CharField(allow_null=True)


class WardListSerializer(serializers.Serializer[Any]):
    items = WardSerializer(many=True)
    next = serializers.CharField(allow_null=True)
