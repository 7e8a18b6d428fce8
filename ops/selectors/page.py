"""What the page shows beside the figures: history, reasons, names, and what operators did."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib.admin.models import LogEntry

from accounts.selectors import usernames_of
from core.switches import GENERATION, engine_switch
from credits.selectors import CostRow, cost_report
from generation.selectors import dead_letters
from generation.selectors.engines import EngineView, Forecast, PaceView, forecasts
from generation.selectors.figures import Load, Times, failures, history
from generation.states import State
from ops.plots import plots
from ops.selectors.figures import Figures, SwitchView, figures_now

# How many hours the plots may cover, and the minutes of their steps.
HOURS = {1: 1, 6: 5, 24: 15}
FAILURES_OF = timedelta(hours=24)
LETTERS_SHOWN = 20
COSTS_SHOWN = 10
TRAIL_SHOWN = 8
TRAIL = "ops"  # `LogEntry.object_id` of what is done here
BOOKS = "the books"  # `LogEntry.object_repr` of a reconciliation


@dataclass(frozen=True, slots=True)
class EngineRow:
    """One engine with all that is known of it."""

    name: str
    view: EngineView | None  # None: it is configured no more and has jobs
    load: Load
    times: Times
    forecast: Forecast | None
    paces: list[PaceView]
    switch: SwitchView | None
    engine_seconds: float | None  # None: none of its jobs has ended
    is_stopped: bool  # by its own switch, or by that of all generation


@dataclass(frozen=True, slots=True)
class CostLine:
    """What one user's or model's clips cost today."""

    name: str
    row: CostRow


def page(*, hours: int) -> dict[str, Any]:
    """Return everything that the page shows, read now.

    The number of queries grows with the engines, and not with jobs or users.

    Args:
        hours: one of `HOURS`: how far back the plots go.
    """
    found = figures_now()
    today = found.credits.costs_today
    step = timedelta(minutes=HOURS[hours])
    moments = history(hours=hours, step=step, now=found.taken_at)
    failed = failures(since=found.taken_at - FAILURES_OF)
    letters = dead_letters().select_related("user").defer("prompt", "shots", "negative_prompt")
    trail = LogEntry.objects.filter(content_type=None, object_id=TRAIL).select_related("user")
    engines = _engine_rows(found)
    return {
        "figures": found,
        "hours": hours,
        "hours_offered": list(HOURS),
        "engines": engines,
        "all_times": next(each for each in found.times if each.engine is None),
        "now": _now(found, engines),
        "plots": plots(moments, step=step),
        "failures": failed,
        "failures_count": sum(each.jobs for each in failed),
        "letters": letters[:LETTERS_SHOWN],
        "letters_more": max(0, found.totals.dead_letters - LETTERS_SHOWN),
        "cost_tables": _cost_tables(found),
        "cost_per_clip": today.cost / today.clips if today.clips else None,
        "reconciled": trail.filter(object_repr=BOOKS).order_by("-pk").first(),
        "trail": trail.order_by("-pk")[:TRAIL_SHOWN],
        "worries": _worries(found),
    }


def _engine_rows(found: Figures) -> list[EngineRow]:
    views = {view.name: view for view in found.engines}
    soon = {each.engine: each for each in forecasts(found.engines)}
    switches = {each.name: each for each in found.switches}
    of_engine = {each.engine: each for each in found.times if each.engine is not None}
    seconds: dict[str, float] = {}
    for each in found.totals.ended:
        seconds[each.engine] = seconds.get(each.engine, 0.0) + each.engine_seconds
    names = sorted(views) + sorted(found.totals.loads.keys() - views.keys())
    return [
        EngineRow(
            name=name,
            view=views.get(name),
            load=found.totals.loads[name],
            times=of_engine.get(name) or Times(name, None, None, None, None, 0),
            forecast=soon.get(name),
            paces=[pace for pace in found.paces if pace.engine == name],
            switch=switches.get(engine_switch(name)),
            engine_seconds=seconds.get(name),
            is_stopped=any(
                switches[each].is_thrown
                for each in (GENERATION, engine_switch(name))
                if each in switches
            ),
        )
        for name in names
    ]


def _now(found: Figures, engines: list[EngineRow]) -> dict[str, float]:
    """Return the sums over all engines."""
    loads = [row.load for row in engines]
    return {
        "queued": sum(load.states[State.QUEUED] for load in loads),
        "running": sum(load.states[State.RENDERING] for load in loads),
        "finishing": sum(load.states[State.FINISHING] for load in loads),
        "oldest": max((load.oldest_seconds for load in loads), default=0.0),
        "slots": sum(engine.slots for engine in found.engines),
    }


def _cost_tables(found: Figures) -> list[tuple[str, list[CostLine]]]:
    day = found.taken_at.replace(hour=0, minute=0, second=0, microsecond=0)
    users = cost_report(day, by="user", limit=COSTS_SHOWN)
    models = cost_report(day, by="model", limit=COSTS_SHOWN)
    names = usernames_of(UUID(row.key) for row in users if row.key)
    of_users = [
        CostLine(f"@{names[UUID(row.key)]}" if row.key else "deleted accounts", row)
        for row in users
    ]
    return [("user", of_users), ("model", [CostLine(row.key, row) for row in models])]


def _worries(found: Figures) -> list[str]:
    """Return what needs an operator now, each as a sentence; none is good news."""
    worries = [f"The switch “{each.name}” is thrown." for each in found.switches if each.is_thrown]
    for engine in found.engines:
        if not engine.is_available:
            worries.append(f"{engine.name} does not answer or may not be used.")
        if engine.state in {"open", "trying"}:
            worries.append(f"{engine.name} keeps failing: its circuit is open.")
        if engine.state == "drained":
            worries.append(f"{engine.name} is drained.")
    if not found.engines:
        worries.append("No engine is configured.")
    if found.budget.renews_at is not None:
        worries.append(f"The budget is spent until {found.budget.renews_at:%d %B %H:%M} UTC.")
    if found.totals.dead_letters:
        count = found.totals.dead_letters
        worries.append(f"{count} failed {'job waits' if count == 1 else 'jobs wait'} for you.")
    return worries
