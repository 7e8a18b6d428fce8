"""Jobs that failed by a fault of ours: an operator tries them again, or puts them aside."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from uuid import UUID

from django.db import transaction
from django.db.models.functions import Now

from core.errors import DomainError
from feed.errors import ClipNotFound
from generation.errors import NoDeadLetter
from generation.models import Job
from generation.scheduling.fair import Priority
from generation.services.request import GenerationRequest
from generation.services.submit import Favour, admit, enqueue

REPLAYS_MAX = 100  # of one call: each asks policy anew


@dataclass(slots=True)
class Replays:
    """What came of many replays: how many were queued, and why how many others were not."""

    queued: int = 0
    refused: Counter[str] = field(default_factory=Counter)  # by the sentence


def replay(*, job_id: UUID) -> Job:
    """Make a failed job anew, before all others and at no charge, and return the new one.

    Its author sees another job; the failed one stays as it ended. Of two who replay at once one
    gets NoDeadLetter.

    Raises:
        NoDeadLetter: there is no such job, or somebody saw to it.
        feed.errors.ClipNotFound: it is a remix, and its parent is gone.
        DomainError: as `submit`; the job waits for an operator still.
    """
    job = Job.objects.dead_letters().filter(pk=job_id).first()
    if job is None:
        raise NoDeadLetter
    if job.remix_kind and job.parent_id is None:  # without it, it would be no remix
        raise ClipNotFound
    favour = Favour(Priority.URGENT, is_free=True, replay_of=job)
    # The owners of its likenesses are asked anew, by their terms of today.
    admitted = admit(by=job.user, request=GenerationRequest.of_job(job), favour=favour)
    with transaction.atomic():
        _take(job_id)
        return enqueue(admitted)


def replay_all() -> Replays:
    """Make failed jobs anew as `replay` does, the oldest first, at most a hundred in one call.

    Each is a transaction of its own: what cannot be queued now waits on, and the others go.
    """
    oldest = Job.objects.dead_letters().order_by("finished_at", "id")
    done = Replays()
    for job_id in list(oldest.values_list("pk", flat=True)[:REPLAYS_MAX]):
        try:
            replay(job_id=job_id)
        except NoDeadLetter:  # somebody was first
            continue
        except DomainError as error:
            done.refused[error.detail] += 1
        else:
            done.queued += 1
    return done


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
