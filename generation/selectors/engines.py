"""The engines as their operator sees them: whether they answer, get jobs, and how fast they are."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from credits.policy import plans
from engine.contracts import EngineCapabilities
from generation.engines.breaker import slots_in, states_of
from generation.engines.configured import configured
from generation.engines.reports import report_of
from generation.models import WorkPace
from generation.scheduling.pace import Pace
from generation.selectors.pace import Paces
from generation.selectors.queue import NOBODY, wait_of_next

ASKED_AT_ONCE = 8
CLIP_SECONDS = 5  # of the clip that a forecast is for


@dataclass(frozen=True, slots=True)
class EngineView:
    """One configured engine.

    Attributes:
        name: as ENGINES has it.
        state: `works`, `failing`, `trying`, `open` or `drained`, as `engines.breaker` has them.
        is_available: whether it answers, and its licence is accepted.
        slots: how many clips it draws at a time.
        slots_now: how many of them it may be given by its state.
        capabilities: what it last said of itself; None: nothing yet.
    """

    name: str
    state: str
    is_available: bool
    slots: int
    slots_now: int
    capabilities: EngineCapabilities | None


@dataclass(frozen=True, slots=True)
class PaceView:
    """How long a kind of work takes lately: seconds of it for a second of clip."""

    engine: str
    size: str
    work: str
    ratio: float


@dataclass(frozen=True, slots=True)
class Forecast:
    """In how many seconds a clip would be ready that a newcomer asks for now; None: unknown."""

    engine: str
    size: str | None
    seconds: int
    wait_seconds: float | None
    ready_seconds: float | None


def engine_views() -> list[EngineView]:
    """Return the configured engines by name, in one query.

    Those that have not spoken for half a minute are asked, all at once, for 3 s at most.
    """
    engines = configured()
    if not engines:
        return []
    names, states = sorted(engines), states_of(engines)
    with ThreadPoolExecutor(min(len(names), ASKED_AT_ONCE)) as pool:
        reports = list(pool.map(report_of, names))
    views = []
    for report in reports:
        engine = report.engine
        views.append(
            EngineView(
                name=engine.name,
                state=states[engine.name],
                is_available=report.is_available,
                slots=engine.slots,
                slots_now=slots_in(states[engine.name], of=engine.slots),
                capabilities=report.capabilities,
            )
        )
    return views


def pace_views() -> list[PaceView]:
    """Return how fast each engine and the finishing are, by engine, size and work."""
    rows = WorkPace.objects.order_by("engine", "size", "work")
    known = ((row, Pace.of(row.jobs).ratio) for row in rows)
    return [PaceView(row.engine, row.size, row.work, ratio) for row, ratio in known if ratio]


def forecasts(views: list[EngineView]) -> list[Forecast]:
    """Return when a clip of 5 s that somebody new asks for now would be ready, of each engine."""
    paces = Paces()
    return [_forecast(view, paces) for view in views]


def _forecast(view: EngineView, paces: Paces) -> Forecast:
    can = view.capabilities
    if can is None or not can.sizes or not view.is_available:
        return Forecast(view.name, None, CLIP_SECONDS, None, None)
    seconds = max(can.min_seconds, min(CLIP_SECONDS, can.max_seconds))
    size = can.sizes[0]
    wait = wait_of_next(view.name, paces, user_id=NOBODY, plan=plans().free.name)
    drawing = paces.rendering(view.name, size, seconds)
    finishing = paces.finishing(view.name, size, seconds)
    ready = None
    if wait is not None and drawing is not None and finishing is not None:
        ready = wait + drawing + finishing
    return Forecast(view.name, size, seconds, wait, ready)
