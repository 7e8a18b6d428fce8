"""Whether an engine gets jobs: not while it keeps failing, nor once its operator drains it.

A circuit breaker (M. Nygard, "Release It!"): after enough failures in a row, over long enough that
a restart would be done, the circuit is open and nobody starts a job there. A while later it is half
open: one job at a time may try. A success closes it.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from generation.models import EngineState

FAILURES_MIN = 3
PATIENCE = timedelta(seconds=10)  # an engine that is restarted answers again sooner
COOLING = timedelta(seconds=15)


def note_failure(engine: str) -> bool:
    """Record that an engine did not answer as engines do, or failed at a clip.

    Returns:
        Whether the circuit is open now.
    """
    with transaction.atomic():
        EngineState.objects.get_or_create(name=engine)
        state = EngineState.objects.select_for_update().get(name=engine)
        now = timezone.now()
        state.failures += 1
        state.failing_since = state.failing_since or now
        if state.failures >= FAILURES_MIN and now - state.failing_since >= PATIENCE:
            state.open_until = now + COOLING
        state.save()
    return _is_open(state, now)


def note_success(engine: str) -> None:
    """Record that an engine works."""
    failing = EngineState.objects.filter(name=engine, failures__gt=0)
    failing.update(failures=0, failing_since=None, open_until=None)


def drain(engine: str) -> None:
    """Give an engine no more jobs; what it renders now it may finish."""
    EngineState.objects.update_or_create(name=engine, defaults={"drained_at": Now()})


def resume(engine: str) -> None:
    """Give a drained or failing engine jobs again."""
    EngineState.objects.filter(name=engine).update(
        drained_at=None, failures=0, failing_since=None, open_until=None
    )


def state_of(engine: str) -> str:
    """Return `works`, `failing`, `trying` (half open), `open` or `drained`."""
    return states_of([engine])[engine]


def states_of(engines: Collection[str]) -> dict[str, str]:
    """Return each engine's state as `state_of` has it, in one query."""
    now, known = timezone.now(), EngineState.objects.in_bulk(list(engines))
    return {name: _state(known.get(name), now) for name in engines}


def takes_jobs(engine: str) -> bool:
    """Say whether a job may be started there."""
    return state_of(engine) not in {"drained", "open"}


def slots_now(engine: str, *, of: int) -> int:
    """Return how many of its slots an engine has at this time."""
    return slots_in(state_of(engine), of=of)


def slots_in(state: str, *, of: int) -> int:
    """Return how many of its slots an engine has in a state."""
    return {"drained": 0, "open": 0, "trying": 1}.get(state, of)


def _state(state: EngineState | None, now: datetime) -> str:
    if state is None:
        return "works"
    if state.drained_at is not None:
        return "drained"
    if _is_open(state, now):
        return "open"
    if state.open_until is not None:
        return "trying"
    return "failing" if state.failures else "works"


def _is_open(state: EngineState, now: datetime) -> bool:
    return state.open_until is not None and state.open_until > now
