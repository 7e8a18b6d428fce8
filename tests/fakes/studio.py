"""What the imitations of other video servers share: jobs that become small real MP4s in a thread.

An imitation is a class with a `studio` and an `app()`; `served` runs it on loopback.
"""

import secrets
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from queue import Queue
from typing import Any, Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from engine.mp4 import SAMPLE_RATE_HZ, write_mp4
from tests.fakes.serving import AppThread


@dataclass(frozen=True, slots=True)
class Film:
    """The video that the imitated server would make of a request."""

    width_px: int
    height_px: int
    frames: int
    fps: int
    has_sound: bool = False


@dataclass
class Job:
    """One video that was asked for; `fields` are the request's as the server read them."""

    id: str
    film: Film
    fields: dict[str, Any]
    file: Path
    created_at: int = field(default_factory=lambda: int(time.time()))
    status: str = "queued"
    progress: int = 0
    completed_at: int | None = None
    error: str | None = None
    must_fail: str | None = None
    cancelled: threading.Event = field(default_factory=threading.Event)


class Studio:
    """Renders jobs one after the other, as a server with one card does.

    Tests clear `may_render` to hold it, set `delay_seconds` to slow it, `failure` to fail the next
    render with that message, and see in `asked` what came, in `rendered` and `stopped` what became
    of it.

    Args:
        folder: where files go.
        says_when_it_starts: whether a job is ever `in_progress`.
    """

    def __init__(self, folder: Path, *, says_when_it_starts: bool = True) -> None:
        self.may_render = threading.Event()
        self.may_render.set()
        self.delay_seconds = 0.0
        self.failure: str | None = None
        self.asked: list[Job] = []
        self.rendered: list[str] = []
        self.stopped: list[str] = []
        self._jobs: dict[str, Job] = {}
        self._folder = folder
        self._says_when_it_starts = says_when_it_starts
        self._waiting: Queue[Job | None] = Queue()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to render; jobs of an earlier start are forgotten, as after a crash."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self._jobs.clear()
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End what renders and the thread."""
        for job in self.asked:
            job.cancelled.set()
        self._waiting.put(None)
        if self._thread is not None:
            self._thread.join()

    def add(
        self, job_id: str, film: Film, fields: dict[str, Any], *, must_fail: str | None = None
    ) -> Job:
        """Queue a job; one that the model cannot do fails with the reason `must_fail`."""
        file = self._folder / f"{secrets.token_hex(8)}.mp4"
        job = Job(job_id, film, fields, file, must_fail=must_fail)
        self._jobs[job_id] = job
        self.asked.append(job)
        self._waiting.put(job)
        return job

    def get(self, job_id: str) -> Job | None:
        """The job of this id."""
        return self._jobs.get(job_id)

    def forget(self, job_id: str, *, is_stopped: bool) -> None:
        """Forget a job; when `is_stopped`, it is not rendered to its end."""
        job = self._jobs.pop(job_id)
        if is_stopped:
            job.cancelled.set()
            job.file.unlink(missing_ok=True)

    def newest_first(self) -> list[Job]:
        """Every job that is known."""
        return list(self._jobs.values())[::-1]

    def _work(self) -> None:
        while (job := self._waiting.get()) is not None:
            self._render(job)

    def _render(self, job: Job) -> None:
        if self._says_when_it_starts and not job.cancelled.is_set():
            job.status = "in_progress"
        earliest = time.monotonic() + self.delay_seconds
        while not self.may_render.is_set() or time.monotonic() < earliest:
            if job.cancelled.wait(0.005):
                break
        if job.cancelled.is_set():
            self.stopped.append(job.id)
            return
        job.error, self.failure = job.must_fail or self.failure, None
        if job.error is None:
            _write(job)
            self.rendered.append(job.id)
            job.progress = 100
        job.completed_at = int(time.time())
        job.status = "failed" if job.error else "completed"


class BearerKey:
    """Asks for a key, where the server that is imitated does: 401 `{"error": "Unauthorized"}`."""

    def __init__(self, app: ASGIApp, key: str | None, is_guarded: Callable[[str], bool]) -> None:
        self._app = app
        self._expected = f"Bearer {key}".encode() if key else None
        self._is_guarded = is_guarded

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        if scope["type"] == "http" and self._expected and self._is_guarded(scope["path"]):
            if dict(scope["headers"]).get(b"authorization") == self._expected:
                await self._app(scope, receive, send)
            else:
                refused = JSONResponse({"error": "Unauthorized"}, status_code=401)
                await refused(scope, receive, send)
            return
        await self._app(scope, receive, send)


async def read_form(request: Request) -> dict[str, str | bytes]:
    """The fields of a form; a file is its bytes. Of a field that is sent twice, the last."""
    async with request.form() as form:
        return {
            name: await value.read() if isinstance(value, UploadFile) else value
            for name, value in form.items()
        }


class Imitation(Protocol):
    """A server that speaks another project's dialect."""

    studio: Studio

    def app(self) -> ASGIApp:
        """What answers; made anew at every start."""


F = TypeVar("F", bound=Imitation)


class RunningFake(AppThread, Generic[F]):
    """An imitation and where it answers."""

    def __init__(self, fake: F) -> None:
        super().__init__(fake.app)
        self.fake = fake

    @property
    def studio(self) -> Studio:
        """Where its videos are made."""
        return self.fake.studio

    def start(self) -> None:
        """Serve, and render."""
        self.studio.start()
        super().start()

    def stop(self) -> None:
        """Vanish."""
        super().stop()
        self.studio.stop()


@contextmanager
def served(fake: F) -> Iterator[RunningFake[F]]:
    """Serve an imitation while the block runs."""
    running = RunningFake(fake)
    running.start()
    try:
        yield running
    finally:
        running.stop()


def _write(job: Job) -> None:
    film, seed = job.film, job.fields.get("seed")
    # A seed and a prompt always give the same greys.
    told = f"{secrets.token_hex(8) if seed is None else seed} {job.fields.get('prompt')}"
    shade = 40 + zlib.crc32(told.encode()) % 160
    write_mp4(
        job.file,
        _pictures(film, shade),
        size=(film.width_px, film.height_px),
        fps=film.fps,
        sound=_tone(film.frames / film.fps) if film.has_sound else None,
    )


def _pictures(film: Film, shade: int) -> Iterator[NDArray[np.uint8]]:
    for i in range(film.frames):
        yield np.full((film.height_px, film.width_px, 3), (shade + i) % 256, np.uint8)


def _tone(seconds: float) -> NDArray[np.float32]:
    beat = np.sin(np.arange(round(seconds * SAMPLE_RATE_HZ)) * 2 * np.pi * 330 / SAMPLE_RATE_HZ) / 4
    return np.stack([beat, beat], axis=1).astype(np.float32)
