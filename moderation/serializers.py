"""The shapes of reports, statements of reasons and verification in the API."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from feed.schema import CredentialsSerializer
from moderation.models import REPORT_CHARACTERS_MAX, Action, ReportReason

SUBJECT_KINDS = ["clip"]
MANIFEST_STATES = ["trusted", "valid_untrusted", "invalid", "absent"]


class SubjectSerializer(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(choices=SUBJECT_KINDS)
    id = serializers.UUIDField()


class ReportRequestSerializer(serializers.Serializer[Any]):
    subject = SubjectSerializer()
    reason = serializers.ChoiceField(choices=ReportReason.choices)
    text = serializers.CharField(
        max_length=REPORT_CHARACTERS_MAX, allow_blank=True, required=False, default=""
    )


class ReportSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    subject = SubjectSerializer()
    reason = serializers.ChoiceField(choices=ReportReason.choices)
    created_at = serializers.DateTimeField()


class StatementSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    subject = SubjectSerializer()
    action = serializers.ChoiceField(choices=[Action.HIDE, Action.RESTORE])
    reason = serializers.CharField()
    created_at = serializers.DateTimeField()
    is_automated = serializers.BooleanField()
    redress = serializers.CharField(help_text="What you can do about it.")


class StatementPageSerializer(serializers.Serializer[Any]):
    items = StatementSerializer(many=True)
    next = serializers.CharField(allow_null=True)


class VerifyUploadSerializer(serializers.Serializer[Any]):
    file = serializers.FileField(help_text="MP4, JPEG or PNG, at most 100 MiB.")


class VerifyUrlSerializer(serializers.Serializer[Any]):
    url = serializers.CharField(max_length=2_000, help_text="A media URL of this instance.")


class ManifestSerializer(serializers.Serializer[Any]):
    state = serializers.ChoiceField(choices=MANIFEST_STATES)
    problems = serializers.ListField(child=serializers.CharField(), help_text="C2PA status codes.")
    ingredients = serializers.IntegerField(help_text="Clips that this one was made from.")


class MarkSerializer(serializers.Serializer[Any]):
    found = serializers.BooleanField()
    id = serializers.CharField(allow_null=True, help_text="In decimal.")
    confidence = serializers.FloatField(
        allow_null=True, help_text="z-score of the mark; 6 and more is certain."
    )


class VerifiedConsentSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField(help_text="Of the receipt; it names nobody.")
    status = serializers.ChoiceField(choices=["valid", "withdrawn", "revoked", "erased"])
    status_url = serializers.CharField()


class VerifiedClipSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    credentials = CredentialsSerializer(
        allow_null=True, help_text="Null where you may not see the clip, or it is gone."
    )
    consents = VerifiedConsentSerializer(
        many=True,
        help_text="Whether the consents to show the likenesses in it hold at this moment.",
    )


class VerificationSerializer(serializers.Serializer[Any]):
    made_here = serializers.BooleanField()
    media_kind = serializers.ChoiceField(choices=["video", "image"])
    manifest = ManifestSerializer()
    mark = MarkSerializer()
    clip = VerifiedClipSerializer(allow_null=True)
