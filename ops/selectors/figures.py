"""The figures of this moment: the one source of what the page shows and of what is scraped."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock

from django.utils import timezone

from cameos.selectors import faces_waiting
from core.switches import switch_names, thrown_rows
from credits.selectors import Budget, CreditTotals, budget, credit_totals
from generation.selectors.engines import EngineView, PaceView, engine_views, pace_views
from generation.selectors.figures import Load, Times, Totals, times, totals
from moderation.selectors import open_cases
from notifications.selectors import delivery_counts

CACHED_SECONDS = 2.0
TIMES_OF = timedelta(hours=1)
DELIVERIES_OF = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class SwitchView:
    """One crisis switch; what is said of who threw it is empty while it is not thrown."""

    name: str
    is_thrown: bool
    reason: str = ""
    set_by: str = ""
    set_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Figures:
    """Everything that is counted, as it was at one moment; `times` are of the last hour."""

    taken_at: datetime
    totals: Totals
    times: list[Times]
    engines: list[EngineView]
    paces: list[PaceView]
    credits: CreditTotals
    budget: Budget
    switches: list[SwitchView]
    cases_open: int
    faces_waiting: dict[str, int]  # that wait for a moderator: `cameos.selectors.faces_waiting`
    deliveries: dict[str, int]  # to webhooks: `notifications.selectors.delivery_counts`


class _Latest:
    """The last figures of this process. One thread reads at a time; the others take its answer."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._figures: Figures | None = None
        self._good_until = -math.inf  # of the monotonic clock

    def get(self) -> Figures:
        with self._lock:
            if self._figures is None or time.monotonic() >= self._good_until:
                self._keep(_read())
            return self._figures  # type: ignore[return-value]  # `_keep` set it

    def renew(self) -> Figures:
        found = _read()
        with self._lock:
            self._keep(found)
        return found

    def forget(self) -> None:
        with self._lock:
            self._good_until = -math.inf

    def _keep(self, found: Figures) -> None:
        self._figures, self._good_until = found, time.monotonic() + CACHED_SECONDS


_LATEST = _Latest()


def figures() -> Figures:
    """Return the figures, at most two seconds old: a scrape costs what one every 2 s costs."""
    return _LATEST.get()


def figures_now() -> Figures:
    """Return the figures as they are now."""
    return _LATEST.renew()


def forget_figures() -> None:
    """Let the next `figures` of this process read them anew."""
    _LATEST.forget()


def _read() -> Figures:
    """Read them all, in as many queries however many jobs, users or engines there are."""
    now = timezone.now()
    jobs, engines = totals(now=now), engine_views()
    for engine in engines:
        jobs.loads.setdefault(engine.name, Load(engine.name))  # idle, and to be told as that
    return Figures(
        taken_at=now,
        totals=jobs,
        times=times(since=now - TIMES_OF),
        engines=engines,
        paces=pace_views(),
        credits=credit_totals(now=now),
        budget=budget(),
        switches=_switches(),
        cases_open=open_cases(),
        faces_waiting=faces_waiting(),
        deliveries=delivery_counts(failed_since=now - DELIVERIES_OF),
    )


def _switches() -> list[SwitchView]:
    """Return every switch, also that of an engine which is configured no more but frozen."""
    thrown = {row.name: row for row in thrown_rows()}
    names = [*switch_names(), *sorted(thrown.keys() - set(switch_names()))]
    return [
        SwitchView(name, True, row.reason, row.set_by, row.set_at)
        if (row := thrown.get(name))
        else SwitchView(name, False)
        for name in names
    ]
