"""Refusals that their authors do not accept, and what moderators make of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

from django.db import transaction
from django.db.models.functions import Now

from accounts.policy import is_moderator
from core.errors import DomainError
from generation.errors import (
    AppealDecided,
    AppealExists,
    AppealNotFound,
    AppealNotNeeded,
    OwnAppeal,
    TooManyAppeals,
)
from generation.models import REASON_CHARACTERS_MAX, Appeal, AppealState, Job
from generation.scheduling.fair import Priority
from generation.selectors import jobs_of
from generation.services.decision import decide
from generation.services.lease import lock_user_jobs
from generation.services.request import GenerationRequest
from generation.services.submit import Favour, admit, enqueue
from generation.states import State
from moderation.errors import NotAModerator, ReasonRequired
from notifications.services import publish

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from accounts.models import User

OPEN_MAX = 5  # appeals of one user


def appeal_request(*, by: User, request: GenerationRequest, text: str) -> Appeal:
    """Ask a person to look at a request that policy refuses.

    Args:
        by: its author.
        request: the same that was refused; it is decided on once more here.
        text: why it should be allowed, at most 1,000 characters; may be empty.

    Raises:
        AppealNotNeeded: policy allows it.
        AppealExists: this request was appealed before.
        TooManyAppeals: five of theirs wait for a moderator.
        DomainError: as `decide`.
    """
    found = decide(by=by, request=request)
    if not found.reasons:
        raise AppealNotNeeded
    return _store(by, request, reasons=found.reasons, text=text)


def appeal_job(*, by: User, job_id: UUID, text: str) -> Appeal:
    """Ask a person to look at a clip of theirs that was refused once it was drawn.

    Raises:
        AppealNotFound: they have no such job.
        AppealNotNeeded: it was not refused for what it shows.
        AppealExists: it was appealed before.
        TooManyAppeals: five of theirs wait for a moderator.
    """
    job = jobs_of(by.pk).filter(pk=job_id).first()
    if job is None:
        raise AppealNotFound("There is no such generation of yours.")
    if job.state != State.REFUSED or not job.refused_rule:
        raise AppealNotNeeded
    reason = {
        "field": None,
        "rule": job.refused_rule,
        "span": None,
        "message": job.error_message,
        "suggestion": None,
    }
    return _store(by, GenerationRequest.of_job(job), reasons=[reason], text=text, job=job)


def decide_appeal(
    *, appeal_id: UUID, by: User | AnonymousUser, uphold: bool, reason: str
) -> Appeal:
    """Decide on an appeal and tell its author. Upheld, the clip is made, before all others.

    It is made as a draft and at its usual price. The rules that had refused it are set aside for
    this author's same texts from now on, or for the same recipe where it was refused once drawn; so
    one who cannot pay now, or has too many jobs, is told so and asks again later.

    Args:
        appeal_id: which.
        by: the moderator.
        uphold: whether the author is right.
        reason: for the author, 1 to 2,000 characters.

    Raises:
        moderation.errors.NotAModerator: `by` may not decide.
        OwnAppeal: it is their own.
        moderation.errors.ReasonRequired: there is no reason, or it is too long.
        AppealNotFound: there is no such appeal.
        AppealDecided: another moderator was first.
    """
    if not is_moderator(by):
        raise NotAModerator
    reason = reason.strip()
    if not 0 < len(reason) <= REASON_CHARACTERS_MAX:
        raise ReasonRequired(field="reason")
    with transaction.atomic():
        found = Appeal.objects.select_for_update(of=("self",)).filter(pk=appeal_id).first()
        if found is None:
            raise AppealNotFound
        if found.user_id == by.pk:
            raise OwnAppeal
        if found.state != AppealState.OPEN:
            raise AppealDecided
        found.state = AppealState.UPHELD if uphold else AppealState.DENIED
        found.decided_by_id, found.decided_at = cast(UUID, by.pk), Now()
        found.decision_reason = reason
        found.save()
        made, problem = _make(found) if uphold else (None, None)
        found.refresh_from_db()
        _tell(found, made, problem)
    return found


def _store(
    by: User,
    request: GenerationRequest,
    *,
    reasons: list[dict[str, Any]],
    text: str,
    job: Job | None = None,
) -> Appeal:
    fingerprint = request.fingerprint if job is None else request.recipe_fingerprint
    with transaction.atomic():
        lock_user_jobs(by.pk)
        mine = Appeal.objects.filter(user_id=by.pk)
        if mine.filter(fingerprint=fingerprint).exists():
            raise AppealExists
        if mine.filter(state=AppealState.OPEN).count() >= OPEN_MAX:
            raise TooManyAppeals(limit=OPEN_MAX)
        return Appeal.objects.create(
            user_id=by.pk,
            request=request.as_json(),
            fingerprint=fingerprint,
            reasons=reasons,
            text=text,
            job=job,
        )


def _make(appeal: Appeal) -> tuple[Job | None, DomainError | None]:
    """Queue the clip of an appeal that was upheld, or return why it cannot be queued now."""
    request = GenerationRequest.from_json(appeal.request)
    try:
        # What owners of likenesses answer is kept, so it is not undone with the rest.
        admitted = admit(by=appeal.user, request=request, favour=Favour(Priority.URGENT))
        with transaction.atomic():
            job = enqueue(admitted)
    except DomainError as error:
        return None, error
    return job, None


def _tell(appeal: Appeal, made: Job | None, problem: DomainError | None) -> None:
    publish(
        appeal.user_id,
        "generation.appeal_decided",
        {
            "id": str(appeal.pk),
            "state": appeal.state,
            "reason": appeal.decision_reason,
            "generation": str(made.pk) if made else None,
            "error": {"code": problem.code, "message": problem.detail} if problem else None,
        },
        durable=True,
    )
