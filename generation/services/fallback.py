"""How a job changes hands when its engine fails or is drained."""

from __future__ import annotations

import logging

from django.db import transaction
from django.db.models.functions import Now

from core.errors import DomainError
from engine.errors import EngineError
from generation.engines.fit import Measures, stand_in
from generation.engines.reports import capabilities_of, client_of
from generation.errors import LeaseLost
from generation.models import Job
from generation.selectors import queue_of
from generation.services.moves import wake_startable
from generation.services.work import clear_work
from generation.states import DEADLINES, State

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
    shots = tuple(shot["seconds"] for shot in job.shots)
    other = stand_in(tried[0], Measures(job.size, job.seconds, shots), without=tried)
    if other is None:
        return False
    capabilities = capabilities_of(other)
    with transaction.atomic():
        held = Job.objects.filter(pk=job.pk, state=job.state, fence=job.fence)
        if not held.filter(state__in=[State.QUEUED, State.RENDERING]).update(
            state=State.QUEUED,
            stage=State.QUEUED.value,
            lease_until=None,
            deadline_at=Now() + DEADLINES[State.QUEUED],
            engine=other,
            model=capabilities.name,
            engine_is_procedural=capabilities.procedural,
            fps=capabilities.fps[0],
            engines_tried=tried,
            engine_video_id="",
            engine_step=0,
            attempt=1,
        ):
            raise LeaseLost(f"{job} with fence {job.fence}")
        for engine in (job.engine, other):
            wake_startable(engine=engine)
    _log.warning("job %s goes from %s to %s", job.pk, job.engine, other)
    clear_work(job.pk)
    _forget_at(job)
    return True


def hand_over_waiting(engine: str) -> None:
    """Let those who stand in for an engine have the jobs that wait for it."""
    for job in Job.objects.filter(pk__in=queue_of(engine), state=State.QUEUED):
        try:
            if not hand_over(job):
                return
        except LeaseLost:
            _log.info("job %s moved on by itself", job.pk)


def _forget_at(job: Job) -> None:
    """Take the job's video off the engine that it leaves; one that is away has lost it anyway."""
    if not job.engine_video_id:
        return
    try:
        client_of(job.engine).cancel(job.engine_video_id)
    except (EngineError, DomainError) as error:
        _log.warning("job %s: its video stays on %s: %s", job.pk, job.engine, error)
