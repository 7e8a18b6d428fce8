"""How a job leaves its engine: for another one that stands in, or back into the queue."""

from __future__ import annotations

import logging
from typing import Any

from django.db import transaction

from core.errors import DomainError
from engine.errors import EngineError
from generation.engines.fit import Measures, stand_in
from generation.engines.reports import capabilities_of, client_of
from generation.errors import LeaseLost
from generation.models import Job
from generation.selectors import queue_of
from generation.services.moves import move, wake_startable
from generation.services.work import clear_work
from generation.states import State

_log = logging.getLogger(__name__)


def hand_over(job: Job) -> bool:
    """Put a job into the queue of the first engine that stands in for those that failed at it.

    What the old engine made of it is forgotten. The recipe stays as it was, but for the engine.

    Returns:
        False when nobody can: nothing is changed then.

    Raises:
        LeaseLost: the job is no longer this worker's, or no longer waits.
    """
    tried = [*job.engines_tried, job.engine]
    other = stand_in(tried[0], _measures(job), without=tried)
    if other is None:
        return False
    capabilities = capabilities_of(other)
    left, video_id = job.engine, job.engine_video_id
    with transaction.atomic():
        move(
            job,
            State.QUEUED,
            lease_until=None,
            engine=other,
            model=capabilities.name,
            engine_is_procedural=capabilities.procedural,
            fps=capabilities.fps[0],
            engines_tried=tried,
            engine_video_id="",
            engine_step=0,
            attempt=1,
        )
        for engine in (left, other):
            wake_startable(engine=engine)
    _log.warning("job %s goes from %s to %s", job.pk, left, other)
    clear_work(job.pk)
    if video_id:
        _forget_at(left, video_id)
    return True


def put_back(job: Job, **changes: Any) -> None:
    """Put a held job back into its queue and take its video off the engine; it begins anew.

    Raises:
        LeaseLost: the job is no longer this worker's.
    """
    video_id = job.engine_video_id
    move(
        job,
        State.QUEUED,
        lease_until=None,
        engine_video_id="",
        engine_step=0,
        attempt=job.attempt + 1,
        **changes,
    )
    if video_id:
        _forget_at(job.engine, video_id)


def hand_over_waiting(engine: str) -> None:
    """Let those who stand in for an engine have the jobs that wait for it."""
    hopeless: set[Measures] = set()  # one answer serves all jobs that want the same
    for job in Job.objects.filter(pk__in=queue_of(engine), state=State.QUEUED):
        if _measures(job) in hopeless:
            continue
        try:
            if not hand_over(job):
                hopeless.add(_measures(job))
        except LeaseLost:
            _log.info("job %s moved on by itself", job.pk)


def _measures(job: Job) -> Measures:
    shots = tuple(shot["seconds"] for shot in job.shots)
    return Measures(
        job.size,
        job.seconds,
        shots,
        has_cast=bool(job.named_cast),
        has_picture=job.input_reference is not None,
    )


def _forget_at(engine: str, video_id: str) -> None:
    """Take a video off the engine that its job left; one that is away has lost it anyway."""
    try:
        client_of(engine).cancel(video_id)
    except (EngineError, DomainError) as error:
        _log.warning("video %s stays on %s: %s", video_id, engine, error)
