"""How long an engine or a finishing worker takes, learnt from what it took lately. Pure.

A line through the last jobs, seconds of work over seconds of clip, in which each new job counts for
as much as the `1 / (1 - DECAY)` before it together: an engine that gets slower is believed soon.
"""

from __future__ import annotations

from dataclasses import dataclass

DECAY = 0.9
SECONDS_MIN = 0.05
# Lengths of clips must differ by this share of their mean before a slope is read from them.
SPREAD_MIN = 0.1


@dataclass(frozen=True, slots=True)
class Pace:
    """Decayed sums over the jobs so far: x is the clip's length, y the work, both in seconds."""

    n: float = 0.0
    x: float = 0.0
    y: float = 0.0
    xx: float = 0.0
    xy: float = 0.0

    def after(self, clip_seconds: float, work_seconds: float) -> Pace:
        """Return the pace with one more job."""
        x, y = clip_seconds, work_seconds
        return Pace(
            self.n * DECAY + 1,
            self.x * DECAY + x,
            self.y * DECAY + y,
            self.xx * DECAY + x * x,
            self.xy * DECAY + x * y,
        )

    def predict(self, clip_seconds: float) -> float | None:
        """Return how many seconds of work a clip of that length takes; None: nothing is known."""
        if self.n <= 0:
            return None
        mean_x, mean_y = self.x / self.n, self.y / self.n
        spread = self.xx / self.n - mean_x**2
        if spread > (SPREAD_MIN * mean_x) ** 2:
            slope = max(0.0, (self.xy / self.n - mean_x * mean_y) / spread)
        else:
            slope = mean_y / mean_x
        return max(SECONDS_MIN, mean_y + slope * (clip_seconds - mean_x))
