"""The shapes of the owner's desk: uses, questions, receipts."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from cameos.models import Cosign, CosignState, Gate, Outcome, Receipt
from cameos.services.use.cosigns import shown_state
from cameos.services.use.receipts import PATH, status_of

RECEIPT_STATES = ("valid", "withdrawn", "revoked", "erased")
ANSWERS = ("approve", "deny")


class UseSerializer(serializers.Serializer[Any]):
    """One use of my likeness, or one attempt at it."""

    id = serializers.UUIDField(help_text="The clip's; where there is none, the attempt's own.")
    clip = serializers.UUIDField(allow_null=True, help_text="It may be a draft, or in the making.")
    by = serializers.CharField(allow_null=True, help_text="Null: the account is deleted.")
    outcome = serializers.ChoiceField(choices=Outcome.values)
    reason = serializers.CharField(help_text="Why, as the last gate said; may be empty.")
    rule = serializers.CharField(help_text="The restriction that was broken; else empty.")
    gates = serializers.ListField(child=serializers.ChoiceField(choices=Gate.values))
    is_withdrawn = serializers.BooleanField()
    created_at = serializers.DateTimeField()


class UsePageSerializer(serializers.Serializer[Any]):
    """A page of uses."""

    items = UseSerializer(many=True)
    next = serializers.CharField(allow_null=True)


class CosignSerializer(serializers.Serializer[Any]):
    """A question to me: may this clip be made with my likeness?"""

    id = serializers.UUIDField()
    cameo = serializers.CharField(source="cameo.handle")
    by = serializers.CharField(source="user.username")
    clip = serializers.UUIDField(source="clip_id")
    preview = serializers.DictField(
        help_text="What was asked for, in its author's words; emptied when the question ends."
    )
    state = serializers.SerializerMethodField()
    expires_at = serializers.DateTimeField()
    answered_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()

    @extend_schema_field(serializers.ChoiceField(choices=CosignState.choices))
    def get_state(self, cosign: Cosign) -> str:
        """Return where the question stands."""
        return shown_state(cosign)


class CosignPageSerializer(serializers.Serializer[Any]):
    """A page of questions."""

    items = CosignSerializer(many=True)
    next = serializers.CharField(allow_null=True)


class CosignAnswerSerializer(serializers.Serializer[Any]):
    """My answer to a question."""

    answer = serializers.ChoiceField(choices=ANSWERS)


class ReceiptSerializer(serializers.Serializer[Any]):
    """A consent receipt of my likeness."""

    id = serializers.UUIDField()
    clip = serializers.UUIDField(source="clip_id")
    status = serializers.SerializerMethodField()
    token = serializers.CharField(help_text="A JSON Web Signature (EdDSA).")
    url = serializers.SerializerMethodField()
    issued_at = serializers.DateTimeField()

    @extend_schema_field(serializers.ChoiceField(choices=RECEIPT_STATES))
    def get_status(self, receipt: Receipt) -> str:
        """Return whether it still holds."""
        return status_of(receipt)

    def get_url(self, receipt: Receipt) -> str:
        """Return where anybody can look at its status."""
        return f"{PATH}{receipt.pk}"


class ReceiptPageSerializer(serializers.Serializer[Any]):
    """A page of receipts."""

    items = ReceiptSerializer(many=True)
    next = serializers.CharField(allow_null=True)


class ReceiptStatusSerializer(serializers.Serializer[Any]):
    """A receipt and whether it still holds; it names nobody."""

    id = serializers.UUIDField()
    status = serializers.ChoiceField(choices=RECEIPT_STATES)
    token = serializers.CharField(help_text="A JSON Web Signature (EdDSA).")
    claims = serializers.DictField(help_text="What the token says, unpacked.")
    checked_at = serializers.DateTimeField()


class ReceiptKeySerializer(serializers.Serializer[Any]):
    """A public key as RFC 8037 has it."""

    kty = serializers.CharField()
    crv = serializers.CharField()
    x = serializers.CharField()
    kid = serializers.CharField()
    alg = serializers.CharField()
    use = serializers.CharField()


class ReceiptKeysSerializer(serializers.Serializer[Any]):
    """The keys that verify receipts (RFC 7517)."""

    keys = ReceiptKeySerializer(many=True)
