"""Jobs whose clip needs the word of the owner of a likeness: asked, answered, ended."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from django.db import transaction
from django.db.models.functions import Now

from cameos.services import drop_cosigns
from generation.models import Job
from generation.services.casting import ask_for
from generation.services.moves import move
from generation.services.work import clear_work
from generation.states import State
from generation.wake import wake_on_commit

REVOKED, WITHDRAWN = "cameo_revoked", "use_withdrawn"
COSIGN_EXPIRED = "cosign_expired"
_WHY = {
    REVOKED: "The owner of a likeness in it has ended its use.",
    WITHDRAWN: "The owner of a likeness in it took it out of this clip.",
    COSIGN_EXPIRED: "The owner of a likeness in it did not answer in time.",
    "cosign_denied": "The owner of a likeness in it said no to this clip.",
}


def await_consent(job: Job, cameo_ids: Sequence[UUID]) -> None:
    """Let a held job wait for owners who want to be asked since it was queued.

    Raises:
        LeaseLost: the job is no longer this worker's.
        cameos.errors.CameoNotPermitted: one of the cameos ended at this moment.
    """
    with transaction.atomic():
        ask_for(job, cameo_ids)
        move(job, State.AWAITING_CONSENT, lease_until=None)


def settle_consent(*, clip_id: UUID, is_approved: bool, code: str) -> None:
    """Queue the job that waited for its owners' answers, or end it; any other stays as it is."""
    with transaction.atomic():
        job = _waiting(clip_id)
        if job is None:
            return
        if is_approved:
            move(job, State.QUEUED, consented_at=Now())
            wake_on_commit(job.pk)
        else:
            _end(job, code, to=State.EXPIRED if code == COSIGN_EXPIRED else State.REFUSED)


def end_jobs_with(*, cameo_id: UUID) -> int:
    """End every unfinished job whose clip would show a likeness, wherever it is; return how many.

    Call it in the transaction that ends the cameo. Workers notice at their next step.
    """
    with transaction.atomic():
        # In one order for everybody, by user first: credits are locked by user.
        jobs = Job.objects.active().with_cameo(cameo_id).order_by("user_id", "pk")
        held = list(jobs.select_for_update(of=("self",)))
        for job in held:
            _end(job, REVOKED)
    return len(held)


def end_job_of(*, clip_id: UUID, cameo_id: UUID) -> bool:
    """End the unfinished job that would make a clip, as its likeness was taken out of it."""
    with transaction.atomic():
        jobs = Job.objects.active().with_cameo(cameo_id).filter(reserved_clip_id=clip_id)
        job = jobs.select_for_update(of=("self",)).first()
        if job is None:
            return False
        _end(job, WITHDRAWN)
    return True


def expire_unanswered(job: Job) -> None:
    """End a job whose owners did not answer before its own deadline.

    Raises:
        LeaseLost: it is no longer as it was read.
    """
    drop_cosigns(clip_id=job.reserved_clip_id)
    _end(job, COSIGN_EXPIRED, to=State.EXPIRED)


def _waiting(clip_id: UUID) -> Job | None:
    jobs = Job.objects.filter(reserved_clip_id=clip_id, state=State.AWAITING_CONSENT)
    return jobs.select_for_update(of=("self",)).first()


def _end(job: Job, code: str, *, to: State = State.REFUSED) -> None:
    move(job, to, error_code=code[:60], error_message=_WHY.get(code, _WHY[REVOKED]))

    def clear() -> None:
        """Leave nothing of the job behind; what fails here the sweep does."""
        with transaction.atomic():
            drop_cosigns(clip_id=job.reserved_clip_id)
        clear_work(job.pk)

    # Not before: an answer locks its question first and the job after it.
    transaction.on_commit(clear, robust=True)
