"""Contact sheets, drawn one at a time beside the render thread, which keeps its turn."""

import asyncio
import os
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from engine.contracts import Engine, Preview, VideoRequest
from engine.errors import EngineBusy, PreviewTooSlow, RenderCancelled

DEADLINE_SECONDS = 20.0  # from asking to the answer, waiting included
MAX_WAITING = 4
NICENESS = 10


class PreviewDesk:
    """Draws previews in one thread of low priority; to be used from one event loop."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._asked = 0  # of previews that wait or are drawn
        self._stopping = threading.Event()
        self._pool = ThreadPoolExecutor(1, "preview", initializer=_step_back)

    async def draw(self, request: VideoRequest) -> Preview:
        """Draw a contact sheet.

        Raises:
            EngineBusy: too many wait.
            PreviewTooSlow: it was not done within `DEADLINE_SECONDS`.
            EngineError: the engine cannot draw it.
        """
        if self._asked > MAX_WAITING:
            raise EngineBusy("Too many previews are asked for; try later.", retry_after_seconds=5)
        self._asked += 1
        deadline = time.monotonic() + DEADLINE_SECONDS

        def is_over() -> bool:
            return self._stopping.is_set() or time.monotonic() > deadline

        def work() -> Preview:
            if is_over():
                raise RenderCancelled("the preview's time was over before its turn came")
            return self._engine.preview(request, is_cancelled=is_over)

        drawing = asyncio.get_running_loop().run_in_executor(self._pool, work)
        # Whoever waits may give up, but the seat is taken until the thread is free.
        drawing.add_done_callback(self._leave)
        try:
            return await asyncio.wait_for(asyncio.shield(drawing), DEADLINE_SECONDS)
        except (TimeoutError, RenderCancelled):
            raise PreviewTooSlow("The preview took too long.") from None

    def stop(self) -> None:
        """Cancel what is drawn; not waited for."""
        self._stopping.set()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _leave(self, drawing: "asyncio.Future[Preview]") -> None:
        self._asked -= 1
        if not drawing.cancelled():
            drawing.exception()  # seen: nobody may be waiting any more


def _step_back() -> None:
    # On Linux niceness is a thread's own, and threads that it starts inherit it.
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
