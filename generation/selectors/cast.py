"""How the likenesses of jobs are called."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from cameos.selectors import handles_of
from generation.models import Job


def handles_of_cast(job: Job) -> tuple[str, ...]:
    """Return the "@handle" of each cameo that a job's request named."""
    return handles_of_casts([job])[job.pk]


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
