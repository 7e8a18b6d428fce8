"""Stop a job at its author's wish."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction

from cameos.services import drop_cosigns
from core.errors import NotFound
from generation.models import Job
from generation.selectors import jobs_of
from generation.services.moves import move
from generation.states import TERMINAL, State


def cancel(*, job_id: UUID, by: UUID) -> Job:
    """Cancel the user's job wherever it is, free its engine, and return it.

    Questions to owners of likenesses are dropped.

    A job that has ended stays as it ended, so calling twice is harmless. The worker that holds the
    job notices at its next step.

    Raises:
        NotFound: the user has no such job.
    """
    with transaction.atomic():
        # The questions before the job, as an answer locks them.
        waiting = jobs_of(by).filter(pk=job_id, state=State.AWAITING_CONSENT).first()
        if waiting is not None:
            drop_cosigns(clip_id=waiting.reserved_clip_id)
        job = jobs_of(by).select_for_update().filter(pk=job_id).first()
        if job is None:
            raise NotFound
        if job.state not in TERMINAL:
            move(job, State.CANCELLED)
    return job
