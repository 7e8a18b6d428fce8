"""The likenesses of jobs: how they are called, and where one is."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from cameos.selectors import Shown, Stage, handles_of
from generation.models import Job


def handles_of_cast(job: Job) -> tuple[str, ...]:
    """Return the "@handle" of each cameo that a job's request named."""
    return handles_of_casts([job])[job.pk]


def shown_in_jobs(cameo_id: UUID) -> list[Shown]:
    """Return the unfinished jobs whose clips are to show a likeness, for its owner."""
    jobs = Job.objects.active().with_cameo(cameo_id)
    return [
        Shown(clip_id, user_id, Stage.IN_MAKING, cameo_id in inherited)
        for clip_id, user_id, inherited in jobs.values_list(
            "reserved_clip_id", "user_id", "cast_inherited"
        )
    ]


def handles_of_casts(jobs: Iterable[Job]) -> dict[UUID, tuple[str, ...]]:
    """Return the same for many jobs, by job, in at most one query.

    A cameo whose row is gone has its id for a handle, which is nobody's: a request that names it
    is refused, where one without it would draw somebody else.
    """
    named = {job.pk: job.named_cast for job in jobs}
    wanted = {cameo_id for cast in named.values() for cameo_id in cast}
    known = handles_of(wanted) if wanted else {}
    return {
        pk: tuple(f"@{known.get(cameo_id, cameo_id.hex)}" for cameo_id in cast)
        for pk, cast in named.items()
    }
