"""What the scheduler adds to a clip: from `POST` to the engine, and from the engine to `ready`.

    python -m benchmarks.dispatch [--jobs 40]

A whole instance with an engine that takes no time of its own, so that what is left is ours. The
work itself is measured beside it: the same checks, marks and stores called directly. Goals: the
sum of all that is not work p50 <= 300 ms and p95 <= 1 s on two cores.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg

from engine.contracts import Rendering, VideoRequest

BODY = {"prompt": "a red ball rolls into a blue box", "seconds": 1, "size": "360x640"}
LOOK_SECONDS = 0.004
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
        work = _work(video, folder / "work", jobs=8)
    _tell(alone, gaps, work)


def _one(person: Any, database: psycopg.Connection, moments: Moments) -> dict[str, float]:
    """Make one clip and return its parts in milliseconds.

    Raises:
        SystemExit: it was not made.
    """
    asked = time.time()
    job = person.generate(**{k: v for k, v in BODY.items() if k != "size"})
    answered, finishing = time.time(), 0.0
    state = "queued"
    while state != "ready":
        row = database.execute(
            "SELECT state, state_since FROM generation_job WHERE id = %s", [job["id"]]
        ).fetchone()
        state, since = row or ("gone", None)
        if state not in {"queued", "rendering", "finishing", "ready"}:
            raise SystemExit(f"the job is {state}")
        if state == "finishing":
            finishing = finishing or since.timestamp()
        time.sleep(LOOK_SECONDS)
    ready = since.timestamp()
    finishing = finishing or ready
    return {
        "POST answered": (answered - asked) * 1000,
        "POST answered to engine start": (moments.began[-1] - answered) * 1000,
        "engine done to finishing": (finishing - moments.ended[-1]) * 1000,
        "finishing to ready": (ready - finishing) * 1000,
    }


def _many(people: list[Any], moments: Moments) -> list[float]:
    """Queue three clips of each person and return how long the one slot was empty between two."""
    begun = len(moments.began)
    jobs = [person.generate(BODY["prompt"], seconds=1) for person in people for _ in range(3)]
    for person, job in zip([p for p in people for _ in range(3)], jobs, strict=True):
        person.wait_for(job)
    starts, ends = moments.began[begun:], moments.ended[begun:]
    return [(start - end) * 1000 for start, end in zip(starts[1:], ends, strict=False)]


def _work(video: Path, folder: Path, *, jobs: int) -> float:
    """Return how many milliseconds the work between engine and `ready` takes by itself."""
    os.environ |= {
        "VIGNETTE_STATE": str(folder),
        "DATABASE_URL": "postgresql://localhost/nothing",
        "REDIS_URL": "redis://localhost:1",
        "DJANGO_SETTINGS_MODULE": "config.settings",
    }
    import django  # noqa: PLC0415 - its settings read the addresses above

    django.setup()
    from core.ids import new_mark_id  # noqa: PLC0415
    from core.marker import marker  # noqa: PLC0415
    from core.storage import save_folder  # noqa: PLC0415
    from moderation.services import check_frames  # noqa: PLC0415
    from provenance.claims import ClipClaims  # noqa: PLC0415
    from provenance.pipeline import mark_clip  # noqa: PLC0415

    times = []
    for n in range(jobs):
        claims = ClipClaims(
            clip_id=f"clip-{n}",
            mark_id=new_mark_id(),
            author_handle="ada",
            title="A clip",
            engine="quick",
            engine_is_procedural=True,
            created_at=datetime.now(tz=UTC),
            instance="bench",
            parents=(),
        )
        began = time.perf_counter()
        check_frames(path=video)
        mark_clip(video, folder / str(n), claims, marker())
        save_folder(folder / str(n), prefix=f"clips/{n}/1/")
        times.append((time.perf_counter() - began) * 1000)
    return statistics.median(times[1:])


def _database(instance: Any) -> psycopg.Connection:
    from config.local.state import running_instance  # noqa: PLC0415

    running = running_instance(instance.state_dir)
    if running is None:
        raise SystemExit("the instance does not run")
    return psycopg.connect(running.database_url, autocommit=True)


def _tell(alone: list[dict[str, float]], gaps: list[float], work: float) -> None:
    for part in alone[0]:
        _line(part, [each[part] for each in alone])
    print(f"{'of it the work itself, called directly':40} {work:8.0f} ms")
    ours = [
        each["POST answered to engine start"]
        + each["engine done to finishing"]
        + max(0.0, each["finishing to ready"] - work)
        for each in alone
    ]
    _line("all that is not work", ours)
    _line("the slot empty between two of a queue", gaps)


def _line(what: str, values: list[float]) -> None:
    p95 = statistics.quantiles(values, n=20)[-1]
    print(f"{what:40} {statistics.median(values):8.0f} ms p50 {p95:8.0f} ms p95")


if __name__ == "__main__":
    main()
