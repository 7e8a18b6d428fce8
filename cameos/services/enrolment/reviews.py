"""Moderators decide where a face is much like one that is enrolled."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Literal, cast
from uuid import UUID

from django.db import transaction
from django.db.models.functions import Now

from accounts.policy import is_moderator
from cameos.errors import (
    ReviewDecided,
    ReviewNotFound,
    ReviewNotYours,
    ReviewReasonRequired,
)
from cameos.models import LikenessReview
from cameos.policy.reasons import REVIEW_REFUSED
from cameos.services.enrolment.captures import open_finding
from cameos.services.enrolment.locks import ENROLLING
from cameos.services.enrolment.outcome import age_reasons, enrol, refuse
from cameos.services.likeness import PORTRAIT, TEMPLATE, open_portrait
from cameos.states import EnrolmentState
from core.locks import hold

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from accounts.models import User

REASON_CHARACTERS_MAX = 500
CANDIDATE, ENROLLED = "candidate", "enrolled"
_log = logging.getLogger(__name__)


def decide_review(
    *, review_id: UUID, by: User | AnonymousUser, is_approved: bool, reason: str
) -> LikenessReview:
    """Carry out a moderator's decision on a look-alike, and tell the person with the reason.

    Approved, the face is enrolled; refused, all that was kept of it is destroyed. Of two who decide
    at once one is second and gets ReviewDecided. Whose age no longer lets them enrol is refused
    for that, whatever the decision.

    Args:
        review_id: the review.
        by: the moderator.
        is_approved: whether this is another person than the one who is enrolled.
        reason: 1 to 500 characters; the person reads them.

    Raises:
        ReviewNotYours: `by` is no moderator, or one of the two faces is their own account's.
        ReviewReasonRequired: there is no reason, or it is too long.
        ReviewNotFound: there is no such review.
        ReviewDecided: a colleague was faster, or the enrolment has ended.
        PackError: the pack in use cannot be read.
        KekMissing: a key is wrapped under a key that LIKENESS_KEKS no longer has.
        SealBroken: what is kept of a face was altered.
    """
    _ensure_moderator(by)
    reason = reason.strip()
    if not 0 < len(reason) <= REASON_CHARACTERS_MAX:
        raise ReviewReasonRequired(field="reason")
    with transaction.atomic():
        hold(ENROLLING)
        review = _open_review(review_id, by)
        review.is_approved, review.reason = is_approved, reason
        review.decided_by_id, review.decided_at = cast(UUID, by.pk), Now()
        review.save(update_fields=["is_approved", "reason", "decided_by", "decided_at"])
        if is_approved:
            _approve(review)
        else:
            refuse(review.enrolment, REVIEW_REFUSED, facts=review.enrolment.facts)
    review.refresh_from_db()
    return review


def look_at_portrait(
    *, review_id: UUID, by: User | AnonymousUser, which: Literal["candidate", "enrolled"]
) -> bytes | None:
    """Return one of the two portraits of an open review as JPEG, and log who looked.

    None: none is kept, as of a protected face, or no longer.

    Raises:
        ReviewNotYours: `by` is no moderator, or one of the two faces is their own account's.
        ReviewNotFound: there is no such review.
        ReviewDecided: it was decided, or the enrolment has ended: nobody looks any more.
        KekMissing: a key is wrapped under a key that LIKENESS_KEKS no longer has.
        SealBroken: what is kept of the face was altered.
    """
    _ensure_moderator(by)
    with transaction.atomic():
        review = _open_review(review_id, by)
    _log.info("moderator %s looks at the %s portrait of review %s", by.pk, which, review_id)
    if which == CANDIDATE:
        return open_finding(review.enrolment_id, PORTRAIT)
    return open_portrait(review.cameo_id) if review.cameo_id else None


def _approve(review: LikenessReview) -> None:
    """Enrol the face of a review.

    Raises:
        ReviewDecided: what was found of it is no longer kept.
    """
    import numpy as np  # noqa: PLC0415 - not in every process

    enrolment = review.enrolment
    too_young = age_reasons(enrolment)
    if too_young:
        refuse(enrolment, *too_young, facts=enrolment.facts)
        return
    template = open_finding(enrolment.pk, TEMPLATE)
    if template is None:
        raise ReviewDecided
    enrol(
        enrolment,
        np.frombuffer(template, dtype="<f4").astype(np.float32),
        open_finding(enrolment.pk, PORTRAIT),
        facts=enrolment.facts,
        pack_sha256=enrolment.facts["pack"],
    )


def _open_review(review_id: UUID, by: User | AnonymousUser) -> LikenessReview:
    """Return a review that waits for a decision, with its row and the enrolment's locked.

    Raises:
        ReviewNotFound: there is no such review.
        ReviewNotYours: one of the two faces is `by`'s own account's.
        ReviewDecided: it was decided, or the enrolment has ended.
    """
    rows = LikenessReview.objects.select_for_update(of=("self", "enrolment"))
    review = rows.select_related("enrolment__user", "cameo").filter(pk=review_id).first()
    if review is None:
        raise ReviewNotFound
    owners = {review.enrolment.user_id, review.cameo.owner_id if review.cameo else None}
    if by.pk in owners:
        raise ReviewNotYours("A colleague has to decide where your own face is one of the two.")
    if review.is_approved is not None or review.enrolment.state != EnrolmentState.REVIEW:
        raise ReviewDecided
    return review


def _ensure_moderator(by: User | AnonymousUser) -> None:
    if not is_moderator(by):
        raise ReviewNotYours
