"""Consent receipts: a signed statement for each likeness in a clip, and its live status.

A receipt says that the likeness's owner permitted this clip, on what ground and under which version
of their terms. It names nobody: the likeness is a pseudonym of this receipt alone, so two receipts
of one person cannot be linked by what they say.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import jwt
from django.conf import settings
from django.utils import timezone

from cameos.custody.signing import sign_receipt
from cameos.errors import ReceiptNotFound, UseNotRecorded
from cameos.models import Cameo, CameoState, CameoUse, Enrolment, Outcome, Receipt
from core.ids import new_id

FORMAT = "urn:vignette:consent-receipt:1"
PATH = "/api/v1/consents/"


def issue_receipts(*, clip_id: UUID, cameo_ids: Sequence[UUID]) -> tuple[UUID, ...]:
    """Sign a receipt for each cameo in a clip, in the caller's transaction if there is one.

    Called again for the same clip it returns the same receipts. What each says is what the last
    gate that let the clip through has written down.

    Args:
        clip_id: the clip, made or about to be.
        cameo_ids: of all likenesses in it.

    Returns:
        The receipts' ids, in the order of the cameos.

    Raises:
        UseNotRecorded: no gate has let this clip through with one of them.
        ReceiptKeysUnusable: there is no key to sign with.
    """
    there = _issued(clip_id, cameo_ids)
    cameos = Cameo.objects.in_bulk(cameo_ids)
    missing = [cameo_id for cameo_id in cameo_ids if cameo_id not in there]
    Receipt.objects.bulk_create(
        [_receipt(clip_id, cameo_id, cameos.get(cameo_id)) for cameo_id in missing],
        ignore_conflicts=True,  # another worker was faster: its receipt is the one
    )
    if missing:
        there = _issued(clip_id, cameo_ids)
    return tuple(there[cameo_id] for cameo_id in cameo_ids)


def receipt_status(receipt_id: UUID) -> dict[str, Any]:
    """Return a receipt and whether what it says still holds; for anybody.

    Raises:
        ReceiptNotFound: it was never signed here.
    """
    receipt = Receipt.objects.filter(pk=receipt_id).select_related("cameo").first()
    if receipt is None:
        raise ReceiptNotFound
    return {
        "id": receipt.pk,
        "status": status_of(receipt),
        "token": receipt.token,
        "claims": jwt.decode(receipt.token, options={"verify_signature": False}),
        "checked_at": timezone.now(),
    }


def status_of(receipt: Receipt) -> str:
    """Return "valid", "withdrawn" (this clip), "revoked" (the likeness) or "erased" (the account).

    Args:
        receipt: with its cameo.
    """
    cameo = receipt.cameo
    if cameo is None or cameo.owner_id is None:
        return "erased"
    if cameo.state == CameoState.REVOKED:
        return "revoked"
    return "valid" if receipt.withdrawn_at is None else "withdrawn"


def receipts_in(clip_id: UUID) -> list[dict[str, Any]]:
    """Return the receipts of a clip with whether each still holds: ids, statuses and no names."""
    rows = Receipt.objects.filter(clip_id=clip_id).select_related("cameo").order_by("pk")
    return [
        {"id": str(row.pk), "status": status_of(row), "status_url": f"{PATH}{row.pk}"}
        for row in rows
    ]


def _issued(clip_id: UUID, cameo_ids: Sequence[UUID]) -> dict[UUID | None, UUID]:
    rows = Receipt.objects.filter(clip_id=clip_id, cameo_id__in=cameo_ids)
    return dict(rows.values_list("cameo_id", "pk"))


def _receipt(clip_id: UUID, cameo_id: UUID, cameo: Cameo | None) -> Receipt:
    allowed = CameoUse.objects.filter(
        cameo_id=cameo_id, clip_id=clip_id, outcome=Outcome.ALLOWED
    ).order_by("-created_at", "-pk")
    use = allowed.first()
    if cameo is None or use is None:
        raise UseNotRecorded
    receipt_id = new_id()
    return Receipt(
        pk=receipt_id,
        cameo=cameo,
        clip_id=clip_id,
        token=sign_receipt(_claims(receipt_id, cameo, use)),
    )


def _claims(receipt_id: UUID, cameo: Cameo, use: CameoUse) -> dict[str, Any]:
    base = settings.PUBLIC_URL or f"urn:vignette:{settings.INSTANCE_NAME}"
    consent = Enrolment.objects.filter(cameo=cameo).order_by("-created_at").first()
    return {
        "format": FORMAT,
        "iss": base,
        "jti": str(receipt_id),
        "iat": int(timezone.now().timestamp()),
        # Random and of this receipt alone: nobody can tell whose it is, or that two are one's.
        "sub": f"urn:likeness:{secrets.token_urlsafe(18)}",
        "clip": str(use.clip_id),
        "kind": cameo.kind,
        "ground": use.reason or "permitted",  # owner, cosigned, permitted
        "terms_version": use.terms_version,
        "voice": cameo.voice_allowed,
        "consent": None
        if consent is None
        else {"version": consent.consent_version, "sha256": consent.consent_sha256},
        "status": f"{settings.PUBLIC_URL}{PATH}{receipt_id}",
        "keys": f"{settings.PUBLIC_URL}{PATH}keys",
    }
