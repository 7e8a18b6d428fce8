"""Enrolments as their person sees them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet

from cameos.errors import EnrolmentNotFound
from cameos.models import Enrolment, LikenessReview
from cameos.policy.captures import BYTES_MAX, SECONDS_MAX, SECONDS_MIN, TYPES
from cameos.policy.reasons import REVIEW_REFUSED, told
from cameos.states import EnrolmentState


def enrolments_of(user_id: UUID) -> QuerySet[Enrolment]:
    """Return the user's enrolments, the newest first."""
    mine = Enrolment.objects.filter(user_id=user_id).select_related("cameo")
    return mine.order_by("-created_at", "-id")


def enrolment_of(user_id: UUID, enrolment_id: UUID) -> Enrolment:
    """Return one enrolment of the user's.

    Raises:
        EnrolmentNotFound: they have none of this id.
    """
    found = enrolments_of(user_id).filter(pk=enrolment_id).first()
    if found is None:
        raise EnrolmentNotFound
    return found


def enrolment_answer(enrolment: Enrolment) -> dict[str, Any]:
    """Return an enrolment as the API shows it to its person."""
    is_challenged = enrolment.state == EnrolmentState.CHALLENGED
    return {
        "id": str(enrolment.pk),
        "kind": enrolment.kind,
        "state": enrolment.state,
        "challenge": _challenge(enrolment) if is_challenged else None,
        "upload": {
            "url": f"{settings.PUBLIC_URL}/api/v1/cameos/enrolments/{enrolment.pk}/capture",
            "received_bytes": enrolment.received_bytes,
            "max_bytes": BYTES_MAX,
            "min_seconds": SECONDS_MIN,
            "max_seconds": SECONDS_MAX,
            "types": list(TYPES),
        },
        "reasons": enrolment_reasons(enrolment),
        "cameo": enrolment.cameo.handle if enrolment.cameo else None,
        "created_at": enrolment.created_at,
        "deadline_at": enrolment.deadline_at,
    }


def enrolment_reasons(enrolment: Enrolment) -> list[dict[str, str]]:
    """Return why an enrolment is not a cameo, or not yet: codes with sentences."""
    words = ""
    if REVIEW_REFUSED in enrolment.reasons:
        review = LikenessReview.objects.filter(enrolment=enrolment).first()
        words = review.reason if review else ""
    return told(enrolment.reasons, review_reason=words)


def _challenge(enrolment: Enrolment) -> dict[str, Any]:
    return {
        "digits": [int(digit) for digit in enrolment.digits],
        "turns": enrolment.turns.split(","),
        "expires_at": enrolment.challenge_expires_at,
    }
