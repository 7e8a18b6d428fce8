"""The stage that clips do not share: everything on the card, from the prompt to decoded pictures.

All of it runs in one thread. torch keeps its settings by thread (those of its compiler above all:
limits set in one are unknown in another), and a card that works on two clips needs room for both
and is no faster: it is busy with either.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from typing import TypeVar

from engine.errors import RenderCancelled

POLL_SECONDS = 0.05
Made = TypeVar("Made")


class CardThread:
    """Does one thing after the other, in the order in which they were asked for."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="card")  # begins with its first

    def run(
        self, work: Callable[[], Made], is_cancelled: Callable[[], bool] = lambda: False
    ) -> Made:
        """Wait for a turn, do the work, and return or raise what it does.

        Work that has begun must itself see that it is cancelled.

        Raises:
            RenderCancelled: `is_cancelled` answered true before its turn came.
        """
        future = self._thread.submit(work)
        try:
            while not wait([future], POLL_SECONDS).done:
                if is_cancelled() and future.cancel():
                    raise RenderCancelled("the caller no longer wants this clip")
            return future.result()
        finally:
            # An error's traceback knows this frame; with the future in it they would keep each
            # other alive, and with them the tensors of the frames below.
            del future
