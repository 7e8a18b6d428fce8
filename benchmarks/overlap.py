"""Two clips one after the other, against the second begun while the first is written.

    python -m benchmarks.overlap [--model FOLDER --accept-licence ID] [--recipe FILE] [--seconds N]

Both ways go through the queue of the generation service and have the same requests and seeds; the
first clip, with what is compiled for it, is not counted. Without a folder a tiny Wan with random
weights is built: that tries the program, on any device. Overlapping gains what a card would wait
for otherwise, the writing of an MP4, so the floor is the work on the card alone.
"""

import argparse
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from engine.contracts import Engine, VideoRequest
from engine.films import Order
from engine.queue import TERMINAL, QueueLimits, RenderQueue

REPEATS = 3
CLIPS = 2
POLL_SECONDS = 0.002
TINY_RECIPE = 'steps = 4\nguidance = 1\nsizes = ["64x64"]\nmax_seconds = 5\n'


def main() -> None:
    """Measure both ways in turn, and print a line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model")
    parser.add_argument("--accept-licence", dest="licence")
    parser.add_argument("--recipe")
    parser.add_argument("--seconds", type=int, default=2)
    options = parser.parse_args()
    if missing := [name for name in ("torch", "diffusers") if find_spec(name) is None]:
        print(f"nothing measured: {', '.join(missing)} missing (requirements-gpu.txt)")
        return
    with tempfile.TemporaryDirectory() as folder:
        engine = _engine(options, Path(folder))
        with _queue(engine, Path(folder) / "videos") as queue:
            _measure(queue, options.seconds)


def _measure(queue: RenderQueue, seconds: int) -> None:
    can = queue.engine.capabilities
    usual = VideoRequest("a red ball falls", seconds, size=can.sizes[0], fps=can.fps[0], seed=1)
    orders = [Order((replace(usual, seed=seed),)) for seed in range(1, CLIPS + 1)]
    _seconds(queue, orders, at_once=False)
    taken = {
        at_once: statistics.median(_seconds(queue, orders, at_once=at_once) for _ in range(REPEATS))
        for at_once in (False, True)
    }
    print(
        f"{can.name} {usual.size} {seconds} s, {CLIPS} clips: one after the other"
        f" {taken[False]:.2f} s, overlapped {taken[True]:.2f} s"
        f" ({taken[True] / taken[False]:.2f} x)"
        + ("" if can.overlap_from_percent else "; this engine overlaps nothing here")
    )


def _seconds(queue: RenderQueue, orders: list[Order], *, at_once: bool) -> float:
    """The time that all clips take, each asked for when the last is done, or all at once."""
    began = time.perf_counter()
    waiting: list[str] = []
    for order in orders:
        waiting.append(queue.submit(order, idempotency_key=None).id)
        if not at_once:
            _wait(queue, waiting)
    _wait(queue, waiting)
    taken = time.perf_counter() - began
    for video_id in waiting:
        queue.remove(video_id)
    return taken


def _wait(queue: RenderQueue, video_ids: list[str]) -> None:
    while not all(queue.get(each).status in TERMINAL for each in video_ids):
        time.sleep(POLL_SECONDS)
    if any(queue.get(each).error for each in video_ids):
        sys.exit(f"a clip failed: {[queue.get(each).error for each in video_ids]}")


def _engine(options: Any, folder: Path) -> Engine:
    from engine.engines.diffusers.engine import DiffusersEngine  # noqa: PLC0415 - torch is heavy

    if options.model:
        return DiffusersEngine(model=options.model, licence=options.licence, recipe=options.recipe)
    from tests.engine.diffusers import tiny  # noqa: PLC0415 - imports torch

    recipe = options.recipe or tiny.recipe(folder, TINY_RECIPE)
    model = tiny.wan_text(folder / "model")
    return DiffusersEngine(model=str(model), licence="Apache-2.0", recipe=recipe)


@contextmanager
def _queue(engine: Engine, folder: Path) -> Iterator[RenderQueue]:
    queue, ready = RenderQueue(engine, folder, QueueLimits()), threading.Event()
    queue.start(ready.set)
    try:
        while not ready.wait(POLL_SECONDS):
            if queue.warmth == "failed":
                sys.exit("the engine could not warm up; its log says why")
        yield queue
    finally:
        queue.stop()


if __name__ == "__main__":
    main()
