"""Jobs that failed by a fault of ours: an operator tries them again, or puts them aside."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction
from django.db.models.functions import Now

from generation.errors import NoDeadLetter
from generation.models import Job
from generation.scheduling.fair import Priority
from generation.services.request import GenerationRequest
from generation.services.submit import Favour, submit


def replay(*, job_id: UUID) -> Job:
    """Make a failed job anew, before all others and at no charge, and return the new one.

    Its author sees another job; the failed one stays as it ended. Of two who replay at once one
    gets NoDeadLetter.

    Raises:
        NoDeadLetter: there is no such job, or somebody saw to it.
        DomainError: as `submit`; the job waits for an operator still.
    """
    with transaction.atomic():
        job = _take(job_id)
        favour = Favour(Priority.URGENT, is_free=True, replay_of=job)
        return submit(by=job.user, request=GenerationRequest.of_job(job), favour=favour)


def dismiss(*, job_id: UUID) -> None:
    """Put a failed job aside: its author was told, and nothing else can be done.

    Raises:
        NoDeadLetter: there is no such job, or somebody saw to it.
    """
    with transaction.atomic():
        _take(job_id)


def _take(job_id: UUID) -> Job:
    job = Job.objects.dead_letters().select_for_update(of=("self",)).filter(pk=job_id).first()
    if job is None:
        raise NoDeadLetter
    Job.objects.filter(pk=job_id).update(seen_to_at=Now())
    return job
