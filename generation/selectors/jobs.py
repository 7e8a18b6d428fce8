"""Whose jobs they are, where they stand, and what clients see of them and of the engines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from credits.policy import prices
from generation.engines.breaker import takes_jobs
from generation.engines.configured import configured
from generation.engines.reports import EngineReport, report_of
from generation.models import Appeal, AppealState, Job, JobQuerySet
from generation.selectors.cast import handles_of_casts
from generation.selectors.pace import Paces
from generation.selectors.queue import Forecast, forecast_of
from generation.states import ACTIVE, State


def jobs_of(user_id: UUID) -> JobQuerySet:
    """Return the user's own jobs; nobody else may see them."""
    return Job.objects.filter(user_id=user_id)


def appeals_of(user_id: UUID) -> QuerySet[Appeal]:
    """Return the user's own appeals."""
    return Appeal.objects.filter(user_id=user_id)


def waived_rules(user_id: UUID, *fingerprints: str) -> list[frozenset[str]]:
    """Return, for each fingerprint, the rules that an upheld appeal of the user set aside."""
    mine = appeals_of(user_id).filter(fingerprint__in=fingerprints, state=AppealState.UPHELD)
    upheld = dict(mine.values_list("fingerprint", "reasons"))
    return [frozenset(one["rule"] for one in upheld.get(each, ())) for each in fingerprints]


def dead_letters() -> JobQuerySet:
    """Return the jobs that ended by a fault of ours and wait for an operator, newest first."""
    return Job.objects.dead_letters().order_by("-finished_at", "-id")


def answers(jobs: Sequence[Job]) -> list[dict[str, Any]]:
    """Return jobs as their author sees them, with position and estimate from the queue of now."""
    paces = Paces()
    places: dict[UUID, Forecast] = {}
    for engine in {job.engine for job in jobs if job.state == State.QUEUED}:
        places |= forecast_of(engine, paces)
    handles = handles_of_casts(jobs)
    return [
        _answer(job, places.get(job.pk), _eta(job, places.get(job.pk), paces))
        | {"recipe": job.recipe | {"cameos": list(handles[job.pk])}}
        for job in jobs
    ]


def _answer(job: Job, place: Forecast | None, eta_seconds: int | None) -> dict[str, Any]:
    return {
        "id": str(job.pk),
        "state": job.state,
        "stage": job.stage,
        "progress": job.progress,
        "position": place.position if place else None,
        "eta_seconds": eta_seconds,
        "clip": str(job.clip_id) if job.clip_id else None,
        "error": job.error,
        "not_drawn": job.not_drawn,
        "price": job.price,
        "engine": job.engine,
        "caption": job.caption,
        "publish": job.publish,
        "remix_of": _remix_of(job),
        "created_at": _time(job.created_at),
        "finished_at": _time(job.finished_at) if job.finished_at else None,
    }


def _eta(job: Job, place: Forecast | None, paces: Paces) -> int | None:
    """Return in how many seconds an unfinished job is ready; None: nothing is known."""
    if job.state not in ACTIVE:
        return None
    now, what = timezone.now(), (job.engine, job.size, job.seconds)
    drawing, finishing = paces.rendering(*what), paces.finishing(*what)
    if drawing is None or finishing is None:
        return None
    if job.state == State.FINISHING:
        left = paces.finishing_left(job, now)
    elif job.state == State.RENDERING:
        left = paces.rendering_left(job, now) + finishing
    elif place is None or place.starts_in_seconds is None:
        return None
    else:
        left = place.starts_in_seconds + drawing + finishing
    return max(1, round(left))


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
        "input_reference": can.input_reference if can else None,
        "procedural": can.procedural if can else None,
        "captions": can.captions if can else None,
        "licence": can.licence if can else None,
        "cameos": can is not None and "characters" in can.operations,
        "price_per_second": float(prices().of(report.engine.name).credits_per_second),
    }
