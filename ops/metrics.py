"""The figures in Prometheus' text format. Pure: `ops.selectors.Figures` in, text out.

Every process of the web tells the same, since all of it comes from the database: no numbers are
added up over processes, whichever one a scrape meets. `vignette_engine_up` is what the process
that answers found.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4 as CONTENT_TYPE
from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from generation.states import State
from ops.selectors.figures import Figures

ENGINE_STATES = ("works", "failing", "trying", "open", "drained")
__all__ = ["CONTENT_TYPE", "exposition", "families"]


def exposition(found: Figures, *, version: str) -> bytes:
    """Return the figures as a scrape expects them, of `CONTENT_TYPE`."""
    registry = CollectorRegistry()
    registry.register(_Kept(families(found, version=version)))
    return generate_latest(registry)


def families(found: Figures, *, version: str) -> list[Metric]:
    """Return every metric with its samples; the version is the server's."""
    build = InfoMetricFamily("vignette_build", "What runs here.", value={"version": version})
    return [
        build,
        *_jobs(found),
        *_times(found),
        *_engines(found),
        *_money(found),
        *_waiting_for_people(found),
    ]


class _Kept(Collector):
    """A collector of metrics that are made already."""

    def __init__(self, made: list[Metric]) -> None:
        self._made = made

    def collect(self) -> Iterable[Metric]:
        return self._made


def _jobs(found: Figures) -> Iterator[Metric]:
    loads = found.totals.loads.values()
    jobs = _gauge("vignette_jobs", "Unfinished jobs.", "engine", "state")
    oldest = _gauge(
        "vignette_queue_oldest_seconds", "How long the oldest waiting job waits.", "engine"
    )
    work = _gauge(
        "vignette_queue_work_seconds",
        "Engine seconds that all waiting jobs will take, as predicted.",
        "engine",
    )
    for load in loads:
        for state, count in sorted(load.states.items()):
            jobs.add_metric([load.engine, state], count)
        oldest.add_metric([load.engine], load.oldest_seconds)
        work.add_metric([load.engine], load.work_seconds)
    ended = CounterMetricFamily(
        "vignette_jobs_ended",
        "Jobs that ended, of all times, by outcome and error code; counted from the table, so it "
        "falls when an account is deleted with its jobs.",
        labels=["engine", "outcome", "code"],
    )
    seconds = CounterMetricFamily(
        "vignette_engine_seconds",
        "Seconds that jobs which ended had a slot of their engine.",
        labels=["engine"],
    )
    had: dict[str, float] = {}
    for each in found.totals.ended:
        ended.add_metric([each.engine, each.outcome, each.code], each.jobs)
        had[each.engine] = had.get(each.engine, 0.0) + each.engine_seconds
    for engine, total in sorted(had.items()):
        seconds.add_metric([engine], total)
    letters = _gauge("vignette_dead_letters", "Failed jobs that wait for an operator.")
    letters.add_metric([], found.totals.dead_letters)
    yield from (jobs, oldest, work, ended, seconds, letters)


def _times(found: Figures) -> Iterator[Metric]:
    """Quantiles alone: a count and a sum of one hour would be no counters."""
    wait = Metric(
        "vignette_queue_wait_seconds",
        "From being asked for to the first start: quantiles of the jobs that were begun in the "
        "last hour, computed from their rows; a summary without count and sum.",
        "summary",
    )
    make = Metric(
        "vignette_make_seconds",
        "From the first start to the finished clip: quantiles of the clips of the last hour, "
        "computed from their rows; a summary without count and sum.",
        "summary",
    )
    for each in found.times:
        if each.engine is None:
            continue
        for metric, p50, p95 in (
            (wait, each.wait_p50, each.wait_p95),
            (make, each.make_p50, each.make_p95),
        ):
            for quantile, value in (("0.5", p50), ("0.95", p95)):
                if value is not None:
                    labels = {"engine": each.engine, "quantile": quantile}
                    metric.add_sample(metric.name, labels, value)
    yield from (wait, make)


def _engines(found: Figures) -> Iterator[Metric]:
    up = _gauge("vignette_engine_up", "Whether the engine answers and may be used.", "engine")
    slots = _gauge("vignette_engine_slots", "Clips that it draws at a time.", "engine")
    open_slots = _gauge(
        "vignette_engine_slots_open",
        "Of its slots, how many may be given by the state of its circuit breaker.",
        "engine",
    )
    busy = _gauge("vignette_engine_slots_busy", "Slots that a job has now.", "engine")
    state = _gauge(
        "vignette_engine_state", "1 for the state that the engine is in.", "engine", "state"
    )
    pace = _gauge(
        "vignette_pace_ratio",
        "Seconds of work for a second of clip, lately: rendering is the engine's, finishing ours.",
        "engine",
        "size",
        "work",
    )
    for engine in found.engines:
        up.add_metric([engine.name], engine.is_available)
        slots.add_metric([engine.name], engine.slots)
        open_slots.add_metric([engine.name], engine.slots_now)
        load = found.totals.loads[engine.name]
        busy.add_metric([engine.name], load.states[State.RENDERING])
        for each in ENGINE_STATES:
            state.add_metric([engine.name, each], engine.state == each)
    for known in found.paces:
        pace.add_metric([known.engine, known.size, known.work], known.ratio)
    yield from (up, slots, open_slots, busy, state, pace)


def _money(found: Figures) -> Iterator[Metric]:
    wallets = _gauge("vignette_credits", "Credits in all wallets.", "account")
    wallets.add_metric(["available"], found.credits.available)
    wallets.add_metric(["held"], found.credits.held)
    moved = _gauge(
        "vignette_credits_moved_today", "Credits moved since midnight, UTC, by how.", "kind"
    )
    for kind, amount in found.credits.moved_today.items():
        moved.add_metric([kind], amount)
    money = found.budget
    spent = _gauge(
        "vignette_budget_spent", "What clips cost, since the period began.", "period", "currency"
    )
    limit = _gauge(
        "vignette_budget_limit", "What they may cost; absent: no limit.", "period", "currency"
    )
    for period, used, most in (
        ("day", money.daily_spent, money.daily_limit),
        ("month", money.monthly_spent, money.monthly_limit),
    ):
        spent.add_metric([period, money.currency], used)
        if most is not None:
            limit.add_metric([period, money.currency], most)
    yield from (wallets, moved, spent, limit)
    today = found.credits.costs_today
    for name, text, value in (
        ("cost_today_jobs", "Jobs whose costs are known, ended today (UTC).", today.clips),
        ("energy_today_watt_hours", "Watt hours of the engines today (UTC).", today.watt_hours),
        (
            "image_equivalents_today",
            "Still images that the engines make in the time they worked today (UTC).",
            today.image_equivalents,
        ),
    ):
        metric = _gauge(f"vignette_{name}", text)
        metric.add_metric([], value)
        yield metric


def _waiting_for_people(found: Figures) -> Iterator[Metric]:
    switch = _gauge("vignette_switch", "1 while the crisis switch is thrown.", "switch")
    for each in found.switches:
        switch.add_metric([each.name], each.is_thrown)
    appeals = _gauge("vignette_appeals_open", "Appeals that wait for a moderator.")
    appeals.add_metric([], found.totals.appeals_open)
    cases = _gauge("vignette_cases_open", "Moderation cases that wait for a moderator.")
    cases.add_metric([], found.cases_open)
    faces = _gauge(
        "vignette_faces_waiting",
        "Faces that wait for a moderator: review to be enrolled, doubt in clips.",
        "kind",
    )
    for kind, count in found.faces_waiting.items():
        faces.add_metric([kind], count)
    deliveries = _gauge(
        "vignette_webhook_deliveries",
        "To users' webhooks: pending are on their way, failed were given up in the last 24 hours.",
        "state",
    )
    for name, count in found.deliveries.items():
        deliveries.add_metric([name], count)
    yield from (switch, appeals, cases, faces, deliveries)


def _gauge(name: str, text: str, *labels: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, text, labels=labels)
