"""A quick engine: the real engine server around an `Engine` that hands out one small real video."""

from __future__ import annotations

import re
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

import ffmpeg

from engine.contracts import (
    Engine,
    EngineCapabilities,
    NotDrawn,
    Preview,
    Rendering,
    VideoRequest,
)
from engine.errors import EngineError, RenderCancelled
from engine.server import create_app
from tests.fakes.serving import AppThread
from transcode import ffmpeg as runner

E = TypeVar("E", bound=Engine)
CAPABILITIES = EngineCapabilities(
    name="quick",
    kind="procedural",
    description="Hands out one small clip.",
    sizes=("360x640", "640x360"),
    min_seconds=1,
    max_seconds=10,
    max_shots=3,
    fps=(24,),
    audio=True,
    seed=True,
    procedural=True,
    input_reference=False,
    captions=True,
)


@dataclass
class QuickEngine:
    """Draws nothing: copies one clip. Tests hold it, make it fail, and see what it was asked."""

    video: Path
    requests: list[VideoRequest] = field(default_factory=list)
    cancelled: list[VideoRequest] = field(default_factory=list)
    error: EngineError | None = None
    may_finish: threading.Event = field(default_factory=threading.Event)
    capabilities: EngineCapabilities = CAPABILITIES

    def __post_init__(self) -> None:
        self.may_finish.set()

    def warm_up(self) -> None:
        """Nothing to compile."""

    def vocabulary(self) -> dict[str, Any]:
        """The two words that make a difference."""
        return {"things": ["unicorn"], "speech": ['"']}

    def preview(self, request: VideoRequest, *, is_cancelled: Callable[[], bool]) -> Preview:
        """It has none."""
        raise EngineError("There is no preview.", code="cannot_draw")

    def render(
        self,
        request: VideoRequest,
        to: Path,
        *,
        on_progress: Callable[[int], None],
        is_cancelled: Callable[[], bool],
    ) -> Rendering:
        """Copy the clip once the test lets it; `unicorn` is what it cannot draw.

        Quoted words have captions, as if they were spoken.
        """
        self.requests.append(request)
        on_progress(50)
        while not self.may_finish.wait(0.02):
            if is_cancelled():
                self.cancelled.append(request)
                raise RenderCancelled("no longer wanted")
        if self.error is not None:
            raise self.error
        shutil.copyfile(self.video, to)
        missing = (NotDrawn("unicorn", "box"),) if "unicorn" in request.prompt else ()
        lines = re.findall(r'"([^"]+)"', request.prompt)
        spoken = "".join(f"\n00:00.100 --> 00:00.900\n{line}\n" for line in lines)
        captions = f"WEBVTT\n{spoken}" if spoken else ""
        return Rendering(seed=request.seed or 0, not_drawn=missing, captions=captions)


class RunningEngine(AppThread, Generic[E]):
    """The engine and where it answers; what an earlier start had made is forgotten at the next.

    Args:
        engine: what renders.
        state: folder for its files.
        options: of `create_app`.
    """

    def __init__(self, engine: E, state: Path, **options: Any) -> None:
        super().__init__(lambda: create_app(engine, state, **options))
        self.engine = engine
        self.state = state


@contextmanager
def served(engine: E, state: Path, **options: Any) -> Iterator[RunningEngine[E]]:
    """Serve an engine while the block runs; `options` are those of `create_app`."""
    running = RunningEngine(engine, state, **options)
    running.start()
    try:
        yield running
    finally:
        running.stop()


@contextmanager
def running_engine(video: Path, state: Path) -> Iterator[RunningEngine[QuickEngine]]:
    """Serve a QuickEngine while the block runs."""
    with served(QuickEngine(video), state) as running:
        try:
            yield running
        finally:
            running.engine.may_finish.set()


def make_video(to: Path, *, seconds: int = 1, size: str = "360x640") -> Path:
    """Write a real MP4 with moving pictures and sound."""
    pictures = ffmpeg.input(
        f"gradients=size={size}:rate=24:speed=0.05:seed=7:duration={seconds}", format="lavfi"
    ).filter("noise", alls=8, allf="t", all_seed=1)
    sound = ffmpeg.input(f"sine=frequency=330:duration={seconds}", format="lavfi")
    output = ffmpeg.output(
        pictures,
        sound,
        str(to),
        vcodec="libx264",
        preset="veryfast",
        pix_fmt="yuv420p",
        acodec="aac",
    )
    runner.run(output, timeout_seconds=60)
    return to
