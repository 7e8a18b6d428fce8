"""How long an engine and the finishing take, from what they took lately."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cached_property

from generation.models import Job, WorkPace
from generation.scheduling.pace import Pace
from generation.states import State

# Of the engine, for a second of clip: what its share is counted in until anything is known.
SECONDS_UNKNOWN = 1.0
SECONDS_LEFT_MIN = 0.5
RENDERED = 80  # percent of the way when the frames are here


class Paces:
    """The paces of all engines, read once they are asked for."""

    @cached_property
    def _known(self) -> dict[tuple[str, str, str], Pace]:
        return {
            (row.engine, row.size, row.work): Pace.of(row.jobs) for row in WorkPace.objects.all()
        }

    def rendering(self, engine: str, size: str, seconds: int) -> float | None:
        """Return how many seconds an engine draws at such a clip; None: it has drawn none."""
        return self._predict(engine, size, seconds, State.RENDERING)

    def finishing(self, engine: str, size: str, seconds: int) -> float | None:
        """Return how many seconds a worker finishes such a clip; None: none was finished."""
        return self._predict(engine, size, seconds, State.FINISHING)

    def cost(self, engine: str, size: str, seconds: int) -> float:
        """Return the engine seconds that a clip is counted as in its author's share."""
        return self.rendering(engine, size, seconds) or seconds * SECONDS_UNKNOWN

    def rendering_left(self, job: Job, now: datetime) -> float:
        """Return for how many seconds a job that is drawn will keep its slot.

        The prediction counts for less, and how far the job is for more, the farther it is.
        """
        elapsed = max(timedelta(), now - job.state_since).total_seconds()
        total = self.cost(job.engine, job.size, job.seconds)
        done = min(1.0, job.progress / RENDERED)
        if done > 0:
            total = (1 - done) * total + done * elapsed / done
        return max(SECONDS_LEFT_MIN, total - elapsed)

    def finishing_left(self, job: Job, now: datetime) -> float:
        """Return in how many seconds a job in `finishing` will be ready."""
        elapsed = max(timedelta(), now - job.state_since).total_seconds()
        total = self.finishing(job.engine, job.size, job.seconds) or SECONDS_LEFT_MIN
        return max(SECONDS_LEFT_MIN, total - elapsed)

    def _predict(self, engine: str, size: str, seconds: int, work: State) -> float | None:
        known = self._known.get((engine, size, work))
        if known is not None:
            return known.predict(seconds)
        for (other, other_size, other_work), pace in self._known.items():
            if (other, other_work) == (engine, work):
                found = pace.predict(seconds)
                return None if found is None else found * _pixels(size) / _pixels(other_size)
        return None


def _pixels(size: str) -> int:
    width, height = size.split("x")
    return int(width) * int(height)
