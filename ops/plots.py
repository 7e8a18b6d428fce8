"""The three plots of the page, each with its words, from the queue's history. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from generation.selectors.figures import Moment
from ops.charts import Axis, Series, bar_chart, line_chart
from ops.words import seconds


@dataclass(frozen=True, slots=True)
class Plot:
    """A figure: its title, the picture, what the colours are, and what it shows in a sentence."""

    title: str
    svg: str
    legend: list[Series]
    summary: str


def plots(moments: Sequence[Moment], *, step: timedelta) -> list[Plot]:
    """Return the queue's depth, how long jobs waited, and what came of them."""
    return [_depth(moments), _waits(moments), _ended(moments, step)]


def _depth(moments: Sequence[Moment]) -> Plot:
    depths = [float(each.depth) for each in moments]
    line = Series("waiting", "a", depths)
    most = max(moments, key=lambda each: each.depth)
    summary = f"Now {moments[-1].depth:,}; most {most.depth:,}, at {most.at:%H:%M}."
    title = "Jobs waiting for a first start"
    return Plot(title, line_chart(title, summary, _axis(moments), [line]), [line], summary)


def _waits(moments: Sequence[Moment]) -> Plot:
    slow = Series("95 % within", "b", [each.wait_p95 for each in moments])
    half = Series("half within", "a", [each.wait_p50 for each in moments])
    known = [each for each in moments if each.wait_p95 is not None]
    summary = "No job was begun."
    if known:
        most = max(known, key=lambda each: each.wait_p95 or 0.0)
        last = known[-1]
        summary = (
            f"Last {seconds(last.wait_p50)} and {seconds(last.wait_p95)}, at {last.at:%H:%M}; "
            f"longest {seconds(most.wait_p95)}, at {most.at:%H:%M}."
        )
    title = "Wait of the jobs begun, in seconds"
    axis = _axis(moments, " s")
    return Plot(title, line_chart(title, summary, axis, [slow, half]), [half, slow], summary)


def _ended(moments: Sequence[Moment], step: timedelta) -> Plot:
    series = [
        Series("made", "good", [float(each.ready) for each in moments]),
        Series("refused", "warn", [float(each.refused) for each in moments]),
        Series("failed", "bad", [float(each.failed) for each in moments]),
    ]
    summary = ", ".join(f"{sum(v or 0 for v in each.values):,.0f} {each.name}" for each in series)
    minutes = int(step.total_seconds() // 60)
    title = f"Clips per {'minute' if minutes == 1 else f'{minutes} minutes'}"
    return Plot(
        title, bar_chart(title, f"{summary}.", _axis(moments), series), series, f"{summary}."
    )


def _axis(moments: Sequence[Moment], unit: str = "") -> Axis:
    return Axis([each.at for each in moments], unit)
