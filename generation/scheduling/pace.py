"""How long an engine or a finishing worker takes, learnt from what it took lately. Pure.

A line through the last jobs, seconds of work over seconds of clip, by medians (Theil 1950, Sen
1968): a few jobs that took strangely long, as the first of a cold engine, bend it no more than
others do, and an engine that has become slower is believed within a few jobs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import median

KEPT = 15  # jobs
SECONDS_MIN = 0.05


@dataclass(frozen=True, slots=True)
class Pace:
    """The last jobs, oldest first: the clip's length and the work, both in seconds."""

    jobs: tuple[tuple[float, float], ...] = ()

    @classmethod
    def of(cls, kept: Sequence[Sequence[float]]) -> Pace:
        """Return the pace that a JSON column keeps."""
        return cls(tuple((clip, work) for clip, work in kept))

    def after(self, clip_seconds: float, work_seconds: float) -> Pace:
        """Return the pace with one more job, and without those too old."""
        return Pace((*self.jobs, (clip_seconds, work_seconds))[-KEPT:])

    @property
    def ratio(self) -> float | None:
        """Return the seconds of work for a second of clip; None: nothing is known."""
        return median(work / clip for clip, work in self.jobs) if self.jobs else None

    def predict(self, clip_seconds: float) -> float | None:
        """Return how many seconds of work a clip of that length takes; None: nothing is known."""
        if not self.jobs:
            return None
        slopes = [
            (b[1] - a[1]) / (b[0] - a[0]) for a, b in combinations(self.jobs, 2) if a[0] != b[0]
        ]
        # From one length alone nothing is known of another: as its ratio.
        slope = max(0.0, median(slopes)) if slopes else self.ratio or 0.0
        at_zero = median(y - slope * x for x, y in self.jobs)
        return max(SECONDS_MIN, at_zero + slope * clip_seconds)
