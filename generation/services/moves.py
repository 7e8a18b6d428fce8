"""The one way a job changes its state, and what its author is told of it."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Greatest, Now

from credits.policy import plans
from credits.services import record_cost, release, settle
from generation.errors import IllegalMove, LeaseLost
from generation.models import Job
from generation.selectors import startable
from generation.services.shares import count_end, learn_pace
from generation.states import DEADLINES, HELD, MOVES, TERMINAL, State
from generation.wake import release_engine_on_commit, wake_on_commit
from notifications.services import publish

_EVENTS = {
    State.READY: "generation.ready",
    State.REFUSED: "generation.refused",
    State.FAILED: "generation.failed",
    State.EXPIRED: "generation.failed",
    State.CANCELLED: "generation.cancelled",
}


def move(job: Job, to: State, **changes: Any) -> None:
    """Move a job to another state and tell its author; the end of a job is told durably, once.

    Compare-and-set on the state and fence that `job` holds: of several who try, one succeeds. `job`
    is read again afterwards.

    Args:
        job: as this worker knows it.
        to: the next state.
        changes: further columns to set with it.

    Raises:
        IllegalMove: there is no such move.
        LeaseLost: the row is no longer in that state, or another worker claimed it.
    """
    if to not in MOVES[State(job.state)]:
        raise IllegalMove(f"{job.state} -> {to}")
    changes = {"stage": to.value, "state_since": Now(), **changes}
    if to in TERMINAL:
        changes |= {"finished_at": Now(), "lease_until": None}
    else:
        changes["deadline_at"] = Now() + DEADLINES[to]
    with transaction.atomic():
        held = Job.objects.filter(pk=job.pk, state=job.state, fence=job.fence)
        if not held.update(state=to, **changes):
            raise LeaseLost(f"{job} with fence {job.fence}")
        learn_pace(job, to)
        if job.state == State.RENDERING:
            _leave_slot(job, to)
        job.refresh_from_db()
        if to in TERMINAL:
            _close(job)
        _tell(job)


def _leave_slot(job: Job, to: State) -> None:
    had = count_end(job, to, weight=plans().best([job.plan]).weight)
    Job.objects.filter(pk=job.pk).update(engine_seconds=F("engine_seconds") + had)
    if to != State.QUEUED:
        wake_startable(engine=job.engine)


def _close(job: Job) -> None:
    """Charge for a clip, or for nothing; what was spent on it is written down either way."""
    if job.state == State.READY:
        settle(reference=job.reference)
    else:
        release(reference=job.reference)
    if job.engine_seconds:
        record_cost(
            reference=job.reference,
            user_id=job.user_id,
            engine=job.engine,
            model=job.model,
            engine_seconds=job.engine_seconds,
            storage_bytes=job.stored_bytes,
            outcome=job.state,
        )
    if job.engine_video_id:
        release_engine_on_commit(job.pk)


def wake_startable(*, engine: str) -> None:
    """Call a worker for each waiting job that its engine has a free slot for."""
    for job_id in startable(engine):
        wake_on_commit(job_id)


def note_progress(job: Job, progress: int, stage: str, **changes: Any) -> None:
    """Record how far a held job is, never backwards, and tell whoever watches.

    Raises:
        LeaseLost: the job is no longer this worker's.
    """
    held = Job.objects.filter(pk=job.pk, state=job.state, fence=job.fence)
    # One transaction: read after a cancellation in between, the row would seem to be ours.
    with transaction.atomic():
        is_held = job.state in HELD and held.update(
            progress=Greatest("progress", progress), stage=stage, **changes
        )
        if not is_held:
            raise LeaseLost(f"{job} with fence {job.fence}")
        job.refresh_from_db()
        _tell(job)


def _tell(job: Job) -> None:
    """Publish the job's state: durably at its end, in passing before."""
    event = _EVENTS.get(State(job.state), "generation.progress")
    data = {
        "id": str(job.pk),
        "state": job.state,
        "stage": job.stage,
        "progress": job.progress,
        "clip": str(job.clip_id) if job.clip_id else None,
        "error": job.error,
        "not_drawn": job.not_drawn,
    }
    publish(job.user_id, event, data, durable=job.state in TERMINAL)
