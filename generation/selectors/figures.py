"""Numbers of the queue for its operator: what is now, what was lately, and when things happened.

All of it is read from the jobs' own rows; nothing is sampled. A statement costs what the jobs of
its window cost, and the sums over all jobs that ever ended are read from an index alone.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Count, Max
from django.utils import timezone

from generation.models import Appeal, AppealState, Job
from generation.states import ACTIVE, TERMINAL, State

JOBS = Job._meta.db_table
_ACTIVE = sorted(state.value for state in ACTIVE)
_TERMINAL = sorted(state.value for state in TERMINAL)
_FAULTS = [State.FAILED.value, State.EXPIRED.value]
_NOT_READY = [State.REFUSED.value, *_FAULTS]
_NONE = (None, None)
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)  # where bins begin: all steps of a day divide it


@dataclass(slots=True)
class Load:
    """The unfinished jobs of one engine."""

    engine: str
    states: dict[str, int] = field(default_factory=lambda: dict.fromkeys(_ACTIVE, 0))
    oldest_seconds: float = 0.0  # that the oldest waiting job waits
    work_seconds: float = 0.0  # of the engine, as predicted for all that wait


@dataclass(frozen=True, slots=True)
class Ended:
    """How many jobs of an engine ever ended in one way; those that went well have no code."""

    engine: str
    outcome: str
    code: str
    jobs: int
    engine_seconds: float


@dataclass(frozen=True, slots=True)
class Totals:
    """All jobs as they are now."""

    loads: dict[str, Load]
    ended: list[Ended]
    dead_letters: int
    appeals_open: int


@dataclass(frozen=True, slots=True)
class Times:
    """What half and 95 % of the jobs of a window took at most, in seconds; None: there were none.

    Attributes:
        engine: of which the jobs were; None: of any.
        wait_p50, wait_p95: from being asked for, or agreed to, to the first start.
        make_p50, make_p95: from the first start to the finished clip.
        ready: clips that were finished.
    """

    engine: str | None
    wait_p50: float | None
    wait_p95: float | None
    make_p50: float | None
    make_p95: float | None
    ready: int


@dataclass(frozen=True, slots=True)
class Moment:
    """One step of the queue's history.

    Attributes:
        at: when it began.
        depth: jobs that were asked for and not begun, at its end.
        wait_p50, wait_p95: seconds that those waited which were begun in it; None: none was.
        ready, failed, refused: jobs that ended in it; expired ones count as failed.
    """

    at: datetime
    depth: int
    wait_p50: float | None
    wait_p95: float | None
    ready: int
    failed: int
    refused: int


@dataclass(frozen=True, slots=True)
class Failure:
    """How many jobs of an engine ended without a clip, for one reason."""

    engine: str
    outcome: str
    code: str
    jobs: int
    last_at: datetime


_TOTALS = f"""
    SELECT 'active', engine, state, '', count(*), sum(cost_seconds),
           extract(epoch FROM %(now)s - min(coalesce(consented_at, created_at)))
    FROM {JOBS} WHERE state = ANY(%(active)s) GROUP BY engine, state
    UNION ALL
    SELECT 'ended', engine, state, error_code, count(*), sum(engine_seconds), 0
    FROM {JOBS} WHERE state IN ({", ".join(f"'{state}'" for state in _TERMINAL)})
    GROUP BY engine, state, error_code
    UNION ALL
    SELECT 'letters', '', '', '', count(*), 0, 0 FROM {JOBS}
    WHERE state = ANY(%(faults)s) AND is_retryable AND seen_to_at IS NULL
    UNION ALL
    SELECT 'appeals', '', '', '', count(*), 0, 0 FROM {Appeal._meta.db_table}
    WHERE state = %(open)s
"""  # noqa: S608 - names of ours alone; the terminal states stand as the index has them


def totals(*, now: datetime | None = None) -> Totals:
    """Return how many jobs are where, in one statement."""
    loads: dict[str, Load] = {}
    ended: list[Ended] = []
    counts = {"letters": 0, "appeals": 0}
    given = {
        "now": now or timezone.now(),
        "active": _ACTIVE,
        "faults": _FAULTS,
        "open": AppealState.OPEN.value,
    }
    for kind, engine, state, code, jobs, seconds, oldest in _rows(_TOTALS, given):
        if kind == "ended":
            ended.append(Ended(engine, state, code, jobs, float(seconds)))
        elif kind == "active":
            load = loads.setdefault(engine, Load(engine))
            load.states[state] = jobs
            if state == State.QUEUED:
                load.oldest_seconds, load.work_seconds = max(0.0, float(oldest)), float(seconds)
        else:
            counts[kind] = jobs
    return Totals(loads, ended, counts["letters"], counts["appeals"])


# A job that started in the window has either not ended yet, or ended in the window.
_TIMES = f"""
    WITH recent AS (
        SELECT engine,
               CASE WHEN started_at >= %(since)s
                    THEN extract(epoch FROM started_at - coalesce(consented_at, created_at))::float8
               END AS wait,
               CASE WHEN finished_at >= %(since)s AND state = %(ready)s
                    THEN extract(epoch FROM finished_at - started_at)::float8 END AS make
        FROM {JOBS} WHERE state = ANY(%(active)s) OR finished_at >= %(since)s
    )
    SELECT engine,
           percentile_cont(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY wait),
           percentile_cont(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY make),
           count(make)
    FROM recent GROUP BY GROUPING SETS ((engine), ()) ORDER BY engine NULLS FIRST
"""  # noqa: S608


def times(*, since: datetime) -> list[Times]:
    """Return how long jobs took since a time: of all engines together first, then of each."""
    given = {"since": since, "ready": State.READY.value, "active": _ACTIVE}
    found = []
    for engine, waits, makes, ready in _rows(_TIMES, given):
        (wait_p50, wait_p95), (make_p50, make_p95) = waits or _NONE, makes or _NONE
        found.append(Times(engine, wait_p50, wait_p95, make_p50, make_p95, ready))
    return found


# The depth is a running sum: one up where a job was asked for, one down where it left the queue.
# What was there before the first step counts in that step.
_HISTORY = f"""
    WITH recent AS MATERIALIZED (
        SELECT state, coalesce(consented_at, created_at) AS created_at, started_at, finished_at,
               coalesce(started_at, finished_at) AS left_at
        FROM {JOBS}
        WHERE (state = ANY(%(active)s) OR finished_at >= %(since)s) AND state <> %(awaiting)s
    ), steps AS (
        SELECT generate_series(%(since)s::timestamptz, %(last)s, %(step)s) AS at
    ), moves AS (
        SELECT date_bin(%(step)s, greatest(moved_at, %(since)s), %(origin)s) AS at, sum(by) AS by
        FROM (SELECT created_at AS moved_at, 1 AS by FROM recent
              UNION ALL
              SELECT left_at, -1 FROM recent WHERE left_at IS NOT NULL) AS both_ways
        GROUP BY 1
    ), begun AS (
        SELECT date_bin(%(step)s, started_at, %(origin)s) AS at,
               percentile_cont(ARRAY[0.5, 0.95]) WITHIN GROUP (
                   ORDER BY extract(epoch FROM started_at - created_at)::float8) AS waits
        FROM recent WHERE started_at >= %(since)s GROUP BY 1
    ), over AS (
        SELECT date_bin(%(step)s, finished_at, %(origin)s) AS at,
               count(*) FILTER (WHERE state = 'ready') AS ready,
               count(*) FILTER (WHERE state = ANY(%(faults)s)) AS failed,
               count(*) FILTER (WHERE state = 'refused') AS refused
        FROM recent WHERE finished_at >= %(since)s GROUP BY 1
    )
    SELECT at, sum(coalesce(by, 0)) OVER (ORDER BY at), waits[1], waits[2],
           coalesce(ready, 0), coalesce(failed, 0), coalesce(refused, 0)
    FROM steps LEFT JOIN moves USING (at) LEFT JOIN begun USING (at) LEFT JOIN over USING (at)
    ORDER BY at
"""  # noqa: S608


def history(*, hours: int, step: timedelta, now: datetime | None = None) -> list[Moment]:
    """Return what happened in steps up to now, the last of which is not over, in one statement.

    A job waits until it is first begun; one that went back to the queue is not counted again.

    Args:
        hours: how far back, in hours.
        step: the length of a step; a whole number of them makes a day.
        now: the end; None: this moment.
    """
    now = now or timezone.now()
    last = now - (now - _EPOCH) % step
    given = {
        "since": last - timedelta(hours=hours) + step,
        "last": last,
        "step": step,
        "origin": _EPOCH,
        "active": _ACTIVE,
        "awaiting": State.AWAITING_CONSENT.value,
        "faults": _FAULTS,
    }
    return [Moment(at, int(depth), *rest) for at, depth, *rest in _rows(_HISTORY, given)]


def failures(*, since: datetime) -> list[Failure]:
    """Return why jobs ended without a clip since a time, the most frequent reason first."""
    ended = Job.objects.filter(finished_at__gte=since, state__in=_NOT_READY)
    counted = ended.values_list("engine", "state", "error_code").annotate(
        jobs=Count("pk"), last_at=Max("finished_at")
    )
    return [Failure(*row) for row in counted.order_by("-jobs", "engine", "state", "error_code")]


def _rows(sql: str, given: dict[str, Any]) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql, given)
        return list(cursor.fetchall())
