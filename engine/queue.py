"""The render queue: videos asked for, rendered in order, finished files that expire."""

import logging
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from engine.contracts import Engine, NotDrawn, VideoError, VideoRequest, VideoStatus
from engine.errors import EngineBusy, EngineError, RenderCancelled, RequestRejected, VideoNotFound
from engine.films import FilmFolder, Order
from transcode.errors import TranscodeError

log = logging.getLogger(__name__)

RENDER_DEADLINE_SECONDS = 900.0
SWEEP_SECONDS = 20.0
STOP_SECONDS = 4.0
TERMINAL: frozenset[VideoStatus] = frozenset({"completed", "failed"})
BROKEN = VideoError("engine_broken", "The engine could not start; its operator can see why.")


@dataclass(frozen=True, slots=True)
class QueueLimits:
    """So many videos may wait; finished ones are kept `keep_seconds`, at most `max_kept`."""

    max_queued: int = 32
    keep_seconds: int = 24 * 3600
    max_kept: int = 400


@dataclass(frozen=True, slots=True)
class Record:
    """One video as the server knows it; times are Unix seconds."""

    id: str
    request: VideoRequest  # `Order.first`
    seconds: int
    fingerprint: bytes  # of its order, which is kept only until the video is made
    remixed_from: str | None
    created_at: int
    status: VideoStatus = "queued"
    progress: int = 0
    completed_at: int | None = None
    expires_at: int | None = None
    seed: int | None = None
    not_drawn: tuple[NotDrawn, ...] = ()
    has_captions: bool = False
    has_world: bool = False
    sha256: bytes = b""  # of the MP4
    error: VideoError | None = None


class RenderQueue:
    """Renders videos in order, in threads of its own; every method is thread-safe.

    One begins when the one before it has ended, or is so far as the engine's capabilities say
    (`overlap_from_percent`); never are more than two in progress.
    """

    def __init__(self, engine: Engine, folder: Path, limits: QueueLimits) -> None:
        self.engine = engine
        self.warmth: str = "warming_up"  # then "ok" or "failed"
        self.films = FilmFolder(folder)
        self._limits = limits
        self._on_end: Callable[[Record], None] = lambda _: None
        self._records: dict[str, Record] = {}  # in the order of their making
        self._orders: dict[str, Order] = {}  # of videos that are not finished
        self._keys: dict[str, str] = {}  # idempotency key → video id
        self._waiting: deque[str] = deque()
        self._cancelled: dict[str, threading.Event] = {}
        self._changed = threading.Condition()
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []
        self._ahead: str | None = None  # the video that keeps the next from beginning

    def start(
        self, on_ready: Callable[[], None], on_end: Callable[[Record], None] = lambda _: None
    ) -> None:
        """Forget files of an earlier run, warm the engine up, call `on_ready`, then render.

        When the engine cannot warm up, every video fails at once with `engine_broken`.

        Args:
            on_ready: called from the render thread.
            on_end: called from the render thread, once for every video that completes or fails;
                not for one that was removed before.
        """
        self._on_end = on_end
        self.films.open()
        self._begin(threading.Thread(target=self._warm_up, args=(on_ready,), name="render"))

    def stop(self) -> None:
        """Cancel what renders and end the threads."""
        self._stopping.set()
        with self._changed:
            self._changed.notify_all()
        until = time.monotonic() + STOP_SECONDS
        for thread in tuple(self._threads):
            thread.join(max(0.0, until - time.monotonic()))

    def submit(self, order: Order, *, idempotency_key: str | None) -> Record:
        """Queue a video; with a key that was used before, return that video instead.

        The films it builds on are kept for it from now on, whatever happens to the others.

        Raises:
            RequestRejected: the key was used for another request.
            EngineBusy: too many videos wait.
            VideoNotFound: a film that it builds on has expired meanwhile.
        """
        fingerprint = order.fingerprint
        with self._changed:
            self._forget_expired()
            known = self._records.get(self._keys.get(idempotency_key or "", ""))
            if known is not None:
                if known.fingerprint != fingerprint:
                    raise RequestRejected(
                        "This Idempotency-Key was used for a different request.",
                        param="Idempotency-Key",
                        code="idempotency_key_reused",
                    )
                return known
            if len(self._waiting) >= self._limits.max_queued:
                raise EngineBusy("Too many videos are queued; try later.", retry_after_seconds=15)
            record = Record(
                id=f"video_{secrets.token_hex(16)}",
                request=order.first,
                seconds=order.seconds,
                fingerprint=fingerprint,
                remixed_from=order.remixed_from,
                created_at=int(time.time()),
                seed=order.first.seed,
            )
            try:
                order = self.films.keep(order, for_video=record.id)
            except FileNotFoundError:
                raise VideoNotFound("The video to build on has expired.") from None
            self._records[record.id] = record
            self._orders[record.id] = order
            self._cancelled[record.id] = threading.Event()
            if idempotency_key:
                self._keys[idempotency_key] = record.id
            self._waiting.append(record.id)
            self._changed.notify_all()
            return record

    def get(self, video_id: str) -> Record:
        """Return a video as it is now.

        Raises:
            VideoNotFound: no such video, or it has expired.
        """
        with self._changed:
            self._forget_expired()
            if video_id not in self._records:
                raise VideoNotFound(f"No video has the id {video_id[:80]!r}.")
            return self._records[video_id]

    def has(self, video_id: str) -> bool:
        """Whether there is such a video, still."""
        with self._changed:
            self._forget_expired()
            return video_id in self._records

    def find(self, sha256: bytes) -> Record | None:
        """Return the finished video whose MP4 has this digest; None when there is none."""
        with self._changed:
            self._forget_expired()
            return next((r for r in self._records.values() if r.sha256 == sha256), None)

    def page(
        self, *, after: str | None, limit: int, newest_first: bool
    ) -> tuple[list[Record], bool]:
        """A page of records behind `after`, and whether more follow.

        Raises:
            VideoNotFound: `after` names no video.
        """
        with self._changed:
            self._forget_expired()
            records = list(self._records.values())
        if newest_first:
            records.reverse()
        if after is not None:
            position = next((i for i, r in enumerate(records) if r.id == after), None)
            if position is None:
                raise VideoNotFound(f"No video has the id {after[:80]!r}.")
            records = records[position + 1 :]
        return records[:limit], len(records) > limit

    def remove(self, video_id: str) -> None:
        """Forget a video; a waiting one leaves the queue, a rendering one stops at its next frame.

        Raises:
            VideoNotFound: no such video.
        """
        with self._changed:
            if video_id not in self._records:
                raise VideoNotFound(f"No video has the id {video_id[:80]!r}.")
            self._forget(video_id)

    @property
    def queued(self) -> int:
        """How many videos wait."""
        return len(self._waiting)

    # ── the render threads ─────────────────────────────────────────────────────────────

    def _warm_up(self, on_ready: Callable[[], None]) -> None:
        try:
            self.engine.warm_up()
        except Exception:
            log.exception("the engine could not warm up")
            self.warmth = "failed"
        else:
            self.warmth = "ok"
            on_ready()
            if self.engine.capabilities.overlap_from_percent is not None:
                self._begin(threading.Thread(target=self._work, name="render beside"))
        self._work()

    def _begin(self, thread: threading.Thread) -> None:
        with self._changed:
            self._threads.append(thread)
        thread.start()

    def _work(self) -> None:
        while (video_id := self._take()) is not None:
            if self.warmth == "ok":
                self._render(video_id)
            else:  # whoever waits is told now, not at a deadline
                self._end(video_id, status="failed", error=BROKEN)
            self._let_next_begin(video_id)

    def _take(self) -> str | None:
        """Wait until the next video may begin; None when the server stops."""
        with self._changed:
            while not self._stopping.is_set():
                if self._waiting and self._ahead is None:
                    self._ahead = self._waiting.popleft()
                    return self._ahead
                self._changed.wait(SWEEP_SECONDS)
                self._forget_expired()
        return None

    def _let_next_begin(self, video_id: str) -> None:
        with self._changed:
            if self._ahead == video_id:
                self._ahead = None
                self._changed.notify_all()

    def _render(self, video_id: str) -> None:
        with self._changed:
            order, cancelled = self._orders.get(video_id), self._cancelled.get(video_id)
            self._update(video_id, status="in_progress")
        if order is None or cancelled is None:  # removed in this moment
            return
        deadline = time.monotonic() + RENDER_DEADLINE_SECONDS

        def is_cancelled() -> bool:
            return cancelled.is_set() or self._stopping.is_set() or time.monotonic() > deadline

        def on_progress(percent: int) -> None:
            with self._changed:
                self._update(video_id, progress=percent)
            overlap_from = self.engine.capabilities.overlap_from_percent
            if overlap_from is not None and percent >= overlap_from:
                self._let_next_begin(video_id)

        try:
            film = self.films.make(
                order, self.engine, video_id, on_progress=on_progress, is_cancelled=is_cancelled
            )
        except Exception as error:  # noqa: BLE001 - one bad prompt must not end the service
            self.films.forget(video_id)
            self._end(video_id, status="failed", error=_reported(error, video_id))
        else:
            self._end(
                video_id,
                status="completed",
                progress=100,
                seed=film.seed,
                not_drawn=film.not_drawn,
                has_captions=film.has_captions,
                has_world=film.has_world,
                sha256=film.sha256,
            )
        with self._changed:
            if video_id not in self._records:  # cancelled meanwhile
                self.films.forget(video_id)

    def _end(self, video_id: str, **changes: object) -> None:
        now = int(time.time())
        with self._changed:
            self._orders.pop(video_id, None)
            record = self._update(
                video_id, completed_at=now, expires_at=now + self._limits.keep_seconds, **changes
            )
        if record is not None:
            self._on_end(record)

    def _update(self, video_id: str, **changes: object) -> Record | None:
        record = self._records.get(video_id)
        if record is not None:
            record = self._records[video_id] = replace(record, **changes)  # type: ignore[arg-type]
        return record

    def _forget_expired(self) -> None:
        now = time.time()
        done = [r for r in self._records.values() if r.status in TERMINAL]
        surplus = len(done) - self._limits.max_kept
        for i, record in enumerate(done):
            if i < surplus or (record.expires_at is not None and record.expires_at <= now):
                self._forget(record.id)

    def _forget(self, video_id: str) -> None:
        del self._records[video_id]
        self._orders.pop(video_id, None)
        self._cancelled.pop(video_id).set()
        self._keys = {key: known for key, known in self._keys.items() if known != video_id}
        if video_id in self._waiting:
            self._waiting.remove(video_id)
        self.films.forget(video_id)


def _reported(error: Exception, video_id: str) -> VideoError:
    """What the caller may know of a failure; the rest goes to the log."""
    if isinstance(error, RenderCancelled):
        return VideoError("render_timeout", "The clip took too long to make.")
    if isinstance(error, EngineError):
        return VideoError(error.code, error.message)
    log.error("rendering of %s failed", video_id, exc_info=error)
    if isinstance(error, TranscodeError):
        return VideoError("encoding_failed", "The clip could not be encoded.")
    return VideoError("engine_error", "The engine could not make this clip.")
