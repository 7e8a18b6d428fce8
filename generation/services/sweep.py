"""What keeps the queue honest when workers, engines or messages are lost."""

from __future__ import annotations

import logging
from collections.abc import Callable
from uuid import UUID

from django.db import transaction
from django.db.models.functions import Now

from cameos.services import drop_cosigns
from core.errors import DomainError
from core.locks import alone
from core.retention import forget_old_answers
from core.storage import delete_prefix
from credits.services import expire_lots, pay_referrals
from engine.errors import EngineError, VideoNotFound
from feed.services import collect_deleted_media, tell_of_ends
from generation.engines.breaker import takes_jobs
from generation.engines.configured import configured
from generation.engines.reports import client_of
from generation.errors import LeaseLost, UnknownEngine
from generation.models import Job
from generation.services.consent import expire_unanswered
from generation.services.fallback import hand_over_waiting
from generation.services.finish import prefix_of_claim
from generation.services.lease import CLAIMS_MAX, LEASE
from generation.services.moves import move, wake_startable
from generation.services.shares import forget_idle_shares
from generation.services.uploads import check_waiting_uploads, forget_unused_uploads
from generation.services.work import clear_work, jobs_with_work
from generation.states import TERMINAL, State
from notifications.services import forget_old_events

# A worker that lost its lease without noticing may still write for a while.
TIDY_AFTER = 2 * LEASE
BATCH = 100
_log = logging.getLogger(__name__)


def sweep() -> None:
    """Bring every job that nobody carries on to where somebody does; harmless at any time.

    Re-queues jobs whose lease ran out, expires jobs past their deadline, takes waiting jobs off
    engines that take none, calls workers for jobs that a free slot waits for, tells authors of
    clips that ended with a likeness, and removes what ended jobs left behind. One sweep runs at a
    time.
    """
    with alone("generation.sweep") as is_alone:
        if is_alone:
            _sweep()


def _sweep() -> None:
    for job in Job.objects.past_deadline()[:BATCH]:
        _if_still_so(job, _expire)
    for job in Job.objects.lease_ran_out()[:BATCH]:
        _if_still_so(job, _requeue)
    for engine in configured():
        if not takes_jobs(engine):
            hand_over_waiting(engine)
        wake_startable(engine=engine)
    check_waiting_uploads()
    tell_of_ends()
    away: set[str] = set()  # an engine that does not answer is asked once a sweep
    for job in Job.objects.untidy(ended_for=TIDY_AFTER)[:BATCH]:
        if job.engine not in away and not tidy(job):
            away.add(job.engine)


def housekeep() -> None:
    """Forget what is past its time: answers, events, credits, uploads, media and files of the gone.

    Rewards that a crash cut off are paid.
    """
    forget_old_answers()
    forget_old_events()
    expire_lots()
    forget_idle_shares()
    pay_referrals()
    collect_deleted_media()
    forget_unused_uploads()
    for job_id in jobs_with_work():
        if not Job.objects.active().filter(pk=job_id).exists():
            clear_work(job_id)


def release_engine(*, job_id: UUID) -> None:
    """Take an ended job's video off its engine; the sweep repeats it when the engine is away."""
    job = Job.objects.filter(pk=job_id, state__in=TERMINAL).exclude(engine_video_id="").first()
    if job is not None:
        _release(job)


def tidy(job: Job) -> bool:
    """Remove what an ended job left: the engine's copy, work files, and stores of lost claims.

    Returns:
        False when the engine does not answer: to be repeated.
    """
    if job.engine_video_id and not _release(job):
        return False
    clear_work(job.pk)
    if job.cast:
        with transaction.atomic():
            drop_cosigns(clip_id=job.reserved_clip_id)
    for fence in range(1, job.fence + 1):
        if not (job.state == State.READY and fence == job.fence):
            delete_prefix(prefix_of_claim(job, fence))
    Job.objects.filter(pk=job.pk).update(tidied_at=Now())
    return True


def _if_still_so(job: Job, change: Callable[[Job], None]) -> None:
    try:
        with transaction.atomic():
            change(job)
    except LeaseLost:
        _log.info("job %s moved on by itself", job.pk)


def _expire(job: Job) -> None:
    if job.state == State.AWAITING_CONSENT:
        expire_unanswered(job)
        return
    move(
        job,
        State.EXPIRED,
        error_code="deadline_passed",
        error_message=f"The job was {job.state} for too long.",
        is_retryable=True,
    )


def _requeue(job: Job) -> None:
    # The lease may have been renewed since the row was read, without a change of its fence.
    if not Job.objects.lease_ran_out().select_for_update().filter(pk=job.pk).exists():
        raise LeaseLost
    if job.fence >= CLAIMS_MAX:
        move(
            job,
            State.FAILED,
            error_code="worker_lost",
            error_message=f"{CLAIMS_MAX} workers were lost with this job.",
            is_retryable=True,
        )
    else:
        move(job, State.QUEUED, lease_until=None)


def _release(job: Job) -> bool:
    try:
        client_of(job.engine).cancel(job.engine_video_id)
    except (VideoNotFound, UnknownEngine):
        pass
    except (EngineError, DomainError) as error:
        _log.warning("job %s is still on its engine: %s", job.pk, error)
        return False
    Job.objects.filter(pk=job.pk).update(engine_video_id="")
    return True
