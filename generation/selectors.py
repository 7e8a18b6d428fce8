"""What there is to know about jobs: whose they are, where they stand, and what clients see."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import Avg, F
from django.utils import timezone

from generation.engines.breaker import slots_now, takes_jobs
from generation.engines.configured import configured
from generation.engines.reports import EngineReport, report_of, slots_of
from generation.models import Job, JobQuerySet
from generation.states import HELD, State

RECENT = 20  # finished jobs that an estimate is made from


def jobs_of(user_id: UUID) -> JobQuerySet:
    """Return the user's own jobs; nobody else may see them."""
    return Job.objects.filter(user_id=user_id)


def queue_of(engine: str) -> list[UUID]:
    """Return the jobs that wait for an engine, first to be started first."""
    waiting = Job.objects.filter(engine=engine).in_queue_order()
    return list(waiting.values_list("pk", flat=True))


def startable(*, engine: str) -> list[UUID]:
    """Return the waiting jobs that the free slots of an engine are for, in their order."""
    rendering = Job.objects.filter(engine=engine, state=State.RENDERING).count()
    free = max(0, slots_now(engine, of=slots_of(engine)) - rendering)
    return queue_of(engine)[:free]


def seconds_per_job(engine: str) -> float | None:
    """Return what an engine's last 20 clips took from start to ready, in seconds; None: no clip."""
    ready = Job.objects.filter(engine=engine, state=State.READY, started_at__isnull=False)
    recent = ready.order_by("-finished_at").values("started_at", "finished_at")[:RECENT]
    mean = recent.aggregate(mean=Avg(F("finished_at") - F("started_at")))["mean"]
    return None if mean is None else max(1.0, mean.total_seconds())


def eta_of_next(engine: str) -> int | None:
    """Return in how many seconds a job queued now would be ready; None: no clip to learn from."""
    each = seconds_per_job(engine)
    if each is None:
        return None
    return round(each * (len(queue_of(engine)) / slots_of(engine) + 1))


def answers(jobs: Sequence[Job]) -> list[dict[str, Any]]:
    """Return jobs as their author sees them, with position and estimate from the queue of now."""
    running = {job.engine for job in jobs if job.state in HELD or job.state == State.QUEUED}
    waiting = {job.engine for job in jobs if job.state == State.QUEUED}
    pace = {engine: seconds_per_job(engine) for engine in running}
    positions = {
        job_id: position
        for engine in waiting
        for position, job_id in enumerate(queue_of(engine), start=1)
    }
    return [_answer(job, positions.get(job.pk), pace.get(job.engine)) for job in jobs]


def _answer(job: Job, position: int | None, each_seconds: float | None) -> dict[str, Any]:
    return {
        "id": str(job.pk),
        "state": job.state,
        "stage": job.stage,
        "progress": job.progress,
        "position": position,
        "eta_seconds": _eta(job, position, each_seconds),
        "clip": str(job.clip_id) if job.clip_id else None,
        "error": job.error,
        "not_drawn": job.not_drawn,
        "price": None,
        "engine": job.engine,
        "caption": job.caption,
        "publish": job.publish,
        "remix_of": _remix_of(job),
        "recipe": job.recipe,
        "created_at": _time(job.created_at),
        "finished_at": _time(job.finished_at) if job.finished_at else None,
    }


def _eta(job: Job, position: int | None, each_seconds: float | None) -> int | None:
    if each_seconds is None:
        return None
    if position is not None:
        return round(each_seconds * ((position - 1) / slots_of(job.engine) + 1))
    if job.state in HELD and job.started_at is not None:
        elapsed = timezone.now() - job.started_at
        return max(1, round((timedelta(seconds=each_seconds) - elapsed).total_seconds()))
    return None


def _remix_of(job: Job) -> dict[str, str] | None:
    if not job.remix_kind or job.parent_id is None:
        return None
    return {"clip": str(job.parent_id), "kind": job.remix_kind}


def _time(moment: Any) -> str:
    return str(moment.isoformat().replace("+00:00", "Z"))


def engine_list() -> list[dict[str, Any]]:
    """Return what can be asked of each engine, as clients see it."""
    return [_engine(report_of(name)) for name in sorted(configured())]


def _engine(report: EngineReport) -> dict[str, Any]:
    can = report.capabilities
    longest = min(can.max_seconds, settings.GENERATION_SECONDS_MAX) if can else None
    return {
        "name": report.engine.name,
        "is_default": report.engine.name == settings.ENGINE_DEFAULT,
        "is_available": report.is_available and takes_jobs(report.engine.name),
        "kind": can.kind if can else None,
        "description": can.description if can else None,
        "sizes": list(can.sizes) if can else [],
        "min_seconds": can.min_seconds if can else None,
        "max_seconds": longest,
        "max_shots": can.max_shots if can else None,
        "max_shot_seconds": (can.max_shot_seconds or longest) if can else None,
        "audio": can.audio if can else None,
        "procedural": can.procedural if can else None,
        "captions": can.captions if can else None,
        "licence": can.licence if can else None,
        "cameos": False,
        "price_per_second": None,
    }
