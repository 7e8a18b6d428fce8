"""Real engines that are quick: one that waits for the test, one that paints greys with a story."""

import io
import json
import re
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engine.contracts import EngineCapabilities, NotDrawn, Preview, Rendering, VideoRequest
from engine.engines.scene.capabilities import CAPABILITIES
from engine.errors import EngineError, RenderCancelled
from engine.mp4 import SAMPLE_RATE_HZ, write_mp4


class GatedEngine:
    """Renders when its gate is open; "break" in a prompt is a bug, "refuse" a known failure."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.rendered: list[str] = []

    @property
    def capabilities(self) -> EngineCapabilities:
        return replace(CAPABILITIES, name="gated", operations=())

    def warm_up(self) -> None:
        return

    def vocabulary(self) -> dict[str, Any]:
        return {}

    def preview(self, request: VideoRequest, *, is_cancelled: Callable[[], bool]) -> Preview:
        raise EngineError("There is no preview.", code="cannot_draw")

    def render(
        self,
        request: VideoRequest,
        to: Path,
        *,
        on_progress: Callable[[int], None],
        is_cancelled: Callable[[], bool],
    ) -> Rendering:
        while not self.gate.wait(0.005):
            if is_cancelled():
                raise RenderCancelled("cancelled")
        if "break" in request.prompt:
            raise ZeroDivisionError("secret detail")
        if "refuse" in request.prompt:
            raise EngineError("No such thing.", code="cannot_draw")
        on_progress(50)
        to.write_bytes(b"clip")
        self.rendered.append(request.prompt)
        return Rendering(seed=1, not_drawn=())


BRIGHTER_A_FRAME = 3  # frame n of a story shines with 3n, or 255 less that when it is inverted
GREY_CAPABILITIES = EngineCapabilities(
    name="grey",
    kind="procedural",
    description="Paints frames that grow brighter.",
    sizes=("64x64", "96x64"),
    min_seconds=1,
    max_seconds=3,
    max_shots=2,
    fps=(24, 30),
    audio=True,
    seed=True,
    procedural=True,
    input_reference=False,
    operations=("extend", "edit", "remix", "characters", "preview"),
    captions=True,
)


@dataclass
class GreyEngine:
    """Paints a grey that grows brighter with every frame; quoted words are spoken.

    An extension's greys go on where the video's end; "invert" in a prompt paints them upside down.
    What it was asked is kept, and its previews wait for `may_preview`.
    """

    capabilities: EngineCapabilities = GREY_CAPABILITIES
    asked: list[VideoRequest] = field(default_factory=list)
    may_render: threading.Event = field(default_factory=threading.Event)
    may_preview: threading.Event = field(default_factory=threading.Event)
    words_asked: int = 0

    def __post_init__(self) -> None:
        self.may_render.set()
        self.may_preview.set()

    def warm_up(self) -> None:
        return

    def vocabulary(self) -> dict[str, Any]:
        self.words_asked += 1
        return {"colours": ["grey", "gris", "灰色"]}

    def preview(self, request: VideoRequest, *, is_cancelled: Callable[[], bool]) -> Preview:
        while not self.may_preview.wait(0.005):
            if is_cancelled():
                raise RenderCancelled("cancelled")
        if "refuse" in request.prompt:
            raise EngineError("No such thing.", code="cannot_draw")
        buffer = io.BytesIO()
        Image.new("L", (request.width_px, request.height_px), 128).save(buffer, "JPEG")
        return Preview(buffer.getvalue(), _not_drawn(request))

    def render(
        self,
        request: VideoRequest,
        to: Path,
        *,
        on_progress: Callable[[int], None],
        is_cancelled: Callable[[], bool],
    ) -> Rendering:
        self.asked.append(request)
        while not self.may_render.wait(0.005):
            if is_cancelled():
                raise RenderCancelled("cancelled")
        first = 0
        if request.source is not None:
            told = json.loads(request.source.world)
            first = told["last"] + 1 if request.source.operation == "extend" else told["first"]
        count = request.seconds * request.fps
        write_mp4(
            to,
            _greys(first, count, request),
            size=(request.width_px, request.height_px),
            fps=request.fps,
            sound=_tone(request.seconds) if request.audio else None,
        )
        on_progress(100)
        world = {"first": first, "last": first + count - 1, "deep": {"list": [1.5, None, "ä"]}}
        return Rendering(
            seed=request.seed or 0,
            not_drawn=_not_drawn(request),
            captions=_captions(request.prompt),
            world=json.dumps(world).encode(),
        )


def _greys(first: int, count: int, request: VideoRequest) -> Iterator[NDArray[np.uint8]]:
    for frame in range(first, first + count):
        grey = frame * BRIGHTER_A_FRAME % 256
        grey = 255 - grey if "invert" in request.prompt else grey
        yield np.full((request.height_px, request.width_px, 3), grey, np.uint8)


def _tone(seconds: int) -> NDArray[np.float32]:
    beat = np.sin(np.arange(seconds * SAMPLE_RATE_HZ) * 2 * np.pi * 330 / SAMPLE_RATE_HZ) / 4
    return np.stack([beat, beat], axis=1).astype(np.float32)


def _captions(prompt: str) -> str:
    lines = re.findall(r'"([^"]+)"', prompt)
    cues = [f"00:0{i}.250 --> 00:0{i}.750\n<v Somebody>{line}" for i, line in enumerate(lines)]
    return "\n\n".join(["WEBVTT", *cues]) + "\n" if cues else ""


def _not_drawn(request: VideoRequest) -> tuple[NotDrawn, ...]:
    return (NotDrawn("kazoo", None),) if "kazoo" in request.prompt else ()


class StagedEngine(GatedEngine):
    """Lets the next begin when a clip is drawn; tests open each clip's gates by its prompt.

    What happens is told in `events`, in order: "draw a", "drawn a", "written a".
    """

    def __init__(self) -> None:
        super().__init__()
        self.events: list[str] = []
        self.may_draw: defaultdict[str, threading.Event] = defaultdict(threading.Event)
        self.may_write: defaultdict[str, threading.Event] = defaultdict(threading.Event)

    @property
    def capabilities(self) -> EngineCapabilities:
        return replace(CAPABILITIES, name="staged", operations=(), overlap_from_percent=90)

    def render(
        self,
        request: VideoRequest,
        to: Path,
        *,
        on_progress: Callable[[int], None],
        is_cancelled: Callable[[], bool],
    ) -> Rendering:
        prompt = request.prompt
        self.events.append(f"draw {prompt}")
        on_progress(10)
        self._wait(self.may_draw[prompt], is_cancelled)
        if "full" in prompt:
            raise EngineError("The card is full.", code="out_of_memory")
        self.events.append(f"drawn {prompt}")
        on_progress(90)
        self._wait(self.may_write[prompt], is_cancelled)
        if "break" in prompt:
            raise ZeroDivisionError
        self.events.append(f"written {prompt}")
        to.write_bytes(b"clip")
        return Rendering(seed=1, not_drawn=())

    def _wait(self, gate: threading.Event, is_cancelled: Callable[[], bool]) -> None:
        while not gate.wait(0.002):
            if is_cancelled():
                raise RenderCancelled("cancelled")
