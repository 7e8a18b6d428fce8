"""A real engine that is quick: one grey second, made when the test says so."""

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from engine.contracts import EngineCapabilities, Rendering, VideoRequest
from engine.engines.scene.engine import CAPABILITIES
from engine.errors import EngineError, RenderCancelled


class GatedEngine:
    """Renders when its gate is open; "break" in a prompt is a bug, "refuse" a known failure."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.rendered: list[str] = []

    @property
    def capabilities(self) -> EngineCapabilities:
        return replace(CAPABILITIES, name="gated")

    def warm_up(self) -> None:
        return

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
