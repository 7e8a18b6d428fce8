"""From a request to frames: submit to the engine, watch it, fetch what it made."""

from __future__ import annotations

import logging
from pathlib import Path

from engine.client import EngineClient
from engine.contracts import Shot, Video, VideoRequest
from engine.errors import EngineError, VideoNotFound
from generation.engines import client_of
from generation.errors import JobFailed, LeaseLost, UnknownEngine
from generation.models import Job
from generation.services.lease import Lease
from generation.services.moves import move, note_progress
from generation.services.work import work_dir
from generation.states import State

ATTEMPTS_MAX = 3
RAW_NAME = "raw.mp4"
POLL_SECONDS = 0.5
RENDERED = 80  # percent of the way when the frames are here
_log = logging.getLogger(__name__)


def ensure_rendered(job: Job, *, lease: Lease) -> Path:
    """Return the engine's MP4 for a claimed job, rendering it unless it is on this disk already.

    What is spoken in it, if anything is, lies beside it: `captions_of`.
    Waits while the engine is away: the job's deadline ends that. An engine that lost the video, as
    after a crash, is asked again under a new key. Moves the job to `finishing`.

    Raises:
        JobFailed: the engine refused the request, failed, or lost the video three times.
        LeaseLost: the job is no longer this worker's.
        WorkerStopping: this process is ending.
    """
    raw = work_dir(job.pk) / RAW_NAME
    if not raw.exists():
        _render(job, raw, lease)
    move(job, State.FINISHING)
    return raw


def captions_of(raw: Path) -> str:
    """Return what is spoken in a clip that `ensure_rendered` returned, as WebVTT; or nothing."""
    file = raw.with_suffix(".vtt")
    return file.read_text(encoding="utf-8") if file.exists() else ""


def request_of(job: Job) -> VideoRequest:
    """Return what the engine is asked for."""
    return VideoRequest(
        prompt=job.prompt,
        seconds=job.seconds,
        size=job.size,
        model=job.model,
        seed=job.seed,
        shots=tuple(Shot(**shot) for shot in job.shots),
        style=job.style or None,
        negative_prompt=job.negative_prompt or None,
        audio=job.audio,
    )


def _render(job: Job, to: Path, lease: Lease) -> None:
    try:
        client = client_of(job.engine)
    except UnknownEngine as error:
        raise JobFailed("engine_removed", error.detail, retryable=False) from error
    while True:
        lease.check()
        try:
            video = _look(client, job)
            if video.status == "completed":
                _note_rendered(job, video)
                _fetch(client, video, to)
                return
        except VideoNotFound:
            _begin_again(job)
            continue
        except EngineError as error:
            if not error.is_retryable:
                raise JobFailed(error.code, error.message, retryable=False) from error
            _log.warning("job %s waits for its engine: %s", job.pk, error.message)
            note_progress(job, job.progress, "waiting_for_engine")
        else:
            _check_failed(job, video)
            note_progress(job, video.progress * RENDERED // 100, "rendering")
        lease.wait(POLL_SECONDS)


def _look(client: EngineClient, job: Job) -> Video:
    """Return the job's video on the engine, submitting it first when the engine has none.

    Raises:
        LeaseLost: the job ended while it was submitted; the engine was told.
    """
    if job.engine_video_id:
        return client.retrieve(job.engine_video_id)
    video = client.submit(request_of(job), idempotency_key=f"{job.pk}-{job.attempt}")
    try:
        note_progress(job, 0, "rendering", engine_video_id=video.id)
    except LeaseLost:  # cancelled meanwhile: nobody else knows of this video
        client.cancel(video.id)
        raise
    return video


def _note_rendered(job: Job, video: Video) -> None:
    """Keep the engine's facts before its file: once that is here, the engine is not asked again."""
    not_drawn = [{"phrase": n.phrase, "instead": n.instead} for n in video.not_drawn]
    seed = job.seed if video.seed is None else video.seed
    note_progress(job, RENDERED, "fetching", not_drawn=not_drawn, seed=seed)


def _fetch(client: EngineClient, video: Video, to: Path) -> None:
    """Bring what was made to this disk: the film last, whose being there says that all is."""
    captions = to.with_suffix(".vtt")
    if video.has_captions:
        captions.write_text(client.captions(video.id), encoding="utf-8")
    else:
        captions.unlink(missing_ok=True)
    client.download(video.id, to)


def _check_failed(job: Job, video: Video) -> None:
    if video.status != "failed":
        return
    if video.error is None:
        raise JobFailed("engine_failed", "The engine could not make the clip.", retryable=True)
    raise JobFailed(video.error.code, video.error.message, retryable=True)


def _begin_again(job: Job) -> None:
    if job.attempt >= ATTEMPTS_MAX:
        message = f"The engine lost the clip {ATTEMPTS_MAX} times."
        raise JobFailed("engine_lost_video", message, retryable=True)
    _log.warning("job %s: the engine lost video %s", job.pk, job.engine_video_id)
    note_progress(job, 0, "rendering", engine_video_id="", attempt=job.attempt + 1)
