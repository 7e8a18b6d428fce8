"""What the scheduler adds to a clip: from `POST` to the engine, and from the engine to `ready`.

    python -m benchmarks.dispatch [--jobs 40]

A whole instance with an engine that takes no time of its own, so that what is left is ours. The
work itself, beside which the rest is seen, is what a job spends in the stages `checking` and
`marking`: frames are looked at, the clip is marked, encoded and signed. Goals: the sum of all that
is not work p50 <= 300 ms and p95 <= 1 s on two cores.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from engine.contracts import Rendering, VideoRequest

BODY = {"prompt": "a red ball rolls into a blue box", "seconds": 1, "size": "360x640"}
LOOK_SECONDS = 0.004
WORK = "the work itself: checking, marking"
DRAWING_SECONDS = 6.0  # of a queue's clips: longer than finishing them, as where it matters


@dataclass
class Moments:
    """When an engine began and ended each clip, in seconds since the epoch."""

    began: list[float] = field(default_factory=list)
    ended: list[float] = field(default_factory=list)


def main() -> None:
    """Run the jobs one after the other, then many at once, and print the parts of their way."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=40)
    jobs = parser.parse_args().jobs
    from tests.fakes.engine import QuickEngine, make_video, served  # noqa: PLC0415
    from tests.flows.people import sign_up  # noqa: PLC0415
    from tests.instances import start_instance  # noqa: PLC0415

    moments = Moments()

    class TimedEngine(QuickEngine):
        seconds = 0.0

        def render(
            self,
            request: VideoRequest,
            to: Path,
            *,
            on_progress: Callable[[int], None],
            is_cancelled: Callable[[], bool],
        ) -> Rendering:
            moments.began.append(time.time())
            time.sleep(self.seconds)
            made = super().render(request, to, on_progress=on_progress, is_cancelled=is_cancelled)
            moments.ended.append(time.time())
            return made

    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # root's PostgreSQL is another user, who has to pass through
        video = make_video(folder / "small.mp4")
        with served(TimedEngine(video), folder / "engine") as engine:
            engines = json.dumps({"quick": {"url": engine.url, "slots": 1}})
            settings = {"ENGINES": engines, "ENGINE_DEFAULT": "quick"}
            instance = start_instance(folder / "state", settings=settings)
            try:
                people = [
                    sign_up(instance.base_url, invite=instance.new_invite()) for _ in range(4)
                ]
                database = _database(instance)
                alone = [_one(people[0], database, moments) for _ in range(jobs)]
                engine.engine.seconds = DRAWING_SECONDS
                gaps = _many(people, moments)
            finally:
                instance.stop()
    _tell(alone, gaps)


def _one(person: Any, database: psycopg.Connection, moments: Moments) -> dict[str, float]:
    """Make one clip and return its parts in milliseconds.

    Raises:
        SystemExit: it was not made.
    """
    asked = time.time()
    job = person.generate(**{k: v for k, v in BODY.items() if k != "size"})
    answered, seen, state = time.time(), dict[str, float](), "queued"
    while state != "ready":
        row = database.execute(
            "SELECT state, stage, state_since FROM generation_job WHERE id = %s", [job["id"]]
        ).fetchone()
        state, stage, since = row or ("gone", "", None)
        if state not in {"queued", "rendering", "finishing", "ready"}:
            raise SystemExit(f"the job is {state}")
        seen.setdefault(stage, time.time())
        time.sleep(LOOK_SECONDS)
    ready, checking, saving = since.timestamp(), seen["checking"], seen["saving"]
    return {
        "POST answered": (answered - asked) * 1000,
        "POST answered to engine start": (moments.began[-1] - answered) * 1000,
        "engine done to checking": (checking - moments.ended[-1]) * 1000,
        WORK: (saving - checking) * 1000,
        "saved, stored and settled": (ready - saving) * 1000,
    }


def _many(people: list[Any], moments: Moments) -> list[float]:
    """Queue three clips of each person and return how long the one slot was empty between two."""
    begun = len(moments.began)
    jobs = [person.generate(BODY["prompt"], seconds=1) for person in people for _ in range(3)]
    for person, job in zip([p for p in people for _ in range(3)], jobs, strict=True):
        person.wait_for(job)
    starts, ends = moments.began[begun:], moments.ended[begun:]
    return [(start - end) * 1000 for start, end in zip(starts[1:], ends, strict=False)]


def _database(instance: Any) -> psycopg.Connection:
    from config.local.state import running_instance  # noqa: PLC0415

    running = running_instance(instance.state_dir)
    if running is None:
        raise SystemExit("the instance does not run")
    return psycopg.connect(running.database_url, autocommit=True)


def _tell(alone: list[dict[str, float]], gaps: list[float]) -> None:
    for part in alone[0]:
        _line(part, [each[part] for each in alone])
    ours = [sum(each.values()) - each["POST answered"] - each[WORK] for each in alone]
    _line("all that is not work", ours)
    _line("the slot empty between two of a queue", gaps)


def _line(what: str, values: list[float]) -> None:
    p95 = statistics.quantiles(values, n=20)[-1]
    print(f"{what:40} {statistics.median(values):8.0f} ms p50 {p95:8.0f} ms p95")


if __name__ == "__main__":
    main()
