"""From a request to frames: submit to the engine, watch it, fetch what it made."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

from engine.client import EngineClient
from engine.contracts import CastMember, Shot, Video, VideoError, VideoRequest
from engine.errors import (
    AnswerUnusable,
    EngineBusy,
    EngineError,
    EngineUnavailable,
    VideoNotFound,
)
from engine.joining import join, next_request
from engine.plans import Plan
from generation.engines.breaker import note_failure, note_success
from generation.engines.reports import client_of
from generation.errors import JobFailed, LeaseLost, UnknownEngine
from generation.models import Job
from generation.selectors.pace import RENDERED
from generation.services.casting import faces_for_engine, prompt_with_cast
from generation.services.fallback import hand_over
from generation.services.lease import Lease
from generation.services.moves import move, note_progress
from generation.services.uploads import picture_for
from generation.services.work import work_dir
from generation.states import State
from transcode.errors import NotAVideo, TranscodeError
from transcode.probe import probe

ATTEMPTS_MAX = 3
UNUSABLE_MAX = 6  # answers in a row that no engine gives
RAW_NAME = "raw.mp4"
# Between two looks at a video: seldom while it is far from its end, since each is a request.
POLL_SECONDS, POLL_SECONDS_SOON = 0.5, 0.15
SOON = 85  # percent of a video
QUICK_LOOKS = 5  # the first ones: a clip may be quick
BUSY_SECONDS_MAX = 30  # that an engine with a full queue is left alone, whatever it asks for
SECONDS_OVER = 1.0  # that a film may be longer than asked, as sound often is
# A provider's policy refused the clip: another engine must not be asked instead.
REFUSALS = ("moderation", "policy", "safety", "guardrail")
_log = logging.getLogger(__name__)


def ensure_rendered(job: Job, *, lease: Lease) -> Path:
    """Return the engine's MP4 for a claimed job, rendering it unless it is on this disk already.

    What is spoken in it, if anything is, lies beside it: `captions_of`.
    Waits while the engine is away: the job's deadline ends that. An engine that lost the video, as
    after a crash, is asked again under a new key. One that fails gives the job to the next that
    stands in for it. Moves the job to `finishing`.

    Raises:
        JobFailed: the engine refused the request, failed, or lost the video three times.
        LeaseLost: the job is no longer this worker's; it may wait for another engine now.
        WorkerStopping: this process is ending.
        cameos.errors.CameoNotPermitted: an owner does not permit their likeness any more.
        ConsentNeeded: an owner wants to be asked since.
        UploadNotFound, UploadNotReady, UploadRefused, FaceInUpload: it may not begin from its
            picture, or not any more.
    """
    raw = work_dir(job.pk) / RAW_NAME
    if not raw.exists():
        _Rendering(job, raw, lease).run()
    move(job, State.FINISHING)
    return raw


def captions_of(raw: Path) -> str:
    """Return what is spoken in a clip that `ensure_rendered` returned, as WebVTT; or nothing."""
    file = raw.with_suffix(".vtt")
    return file.read_text(encoding="utf-8") if file.exists() else ""


def spoken_in(captions: str) -> str:
    """Return the words of a WebVTT file, without its times and marks."""
    lines = (line.strip() for line in captions.splitlines())
    return "\n".join(line for line in lines if line and line != "WEBVTT" and "-->" not in line)


def request_of(job: Job) -> VideoRequest:
    """Return what the engine is asked for, its cast without faces: the start gate opens those."""
    return VideoRequest(
        prompt=job.prompt,
        seconds=job.seconds,
        size=job.size,
        model=job.model,
        fps=job.fps,
        seed=job.seed,
        shots=tuple(Shot(**shot) for shot in job.shots),
        style=job.style or None,
        negative_prompt=job.negative_prompt or None,
        audio=job.audio,
        cast=(CastMember("", b""),) * len(job.named_cast),
    )


class _Rendering:
    """One worker's way from a job to its film; what is on this disk already is not made again."""

    def __init__(self, job: Job, to: Path, lease: Lease) -> None:
        self._job, self._to, self._lease = job, to, lease
        self._is_failing = False
        self._unusable = 0
        self._cast: tuple[CastMember, ...] = ()
        self._gate_of = 0  # the attempt that may have the cast's faces
        try:
            self._client: EngineClient = client_of(job.engine)
        except UnknownEngine as error:
            raise JobFailed("engine_removed", error.detail, retryable=False) from error

    def run(self) -> None:
        try:
            plan = self._client.plan(self._request())
        except EngineError as error:  # the engine is not what it was when the job was taken
            self._give_up(JobFailed(error.code, error.message, retryable=False))
        films = [self._to.with_name(f"step-{n}.mp4") for n in range(len(plan.steps))]
        try:
            for number, film in enumerate(films):
                if not film.exists():
                    self._render_step(plan, number, films)
            join(plan, films, self._to, cancelled=self._lease.ended)
            self._check_film()
        except (NotAVideo, TranscodeError) as error:
            self._lease.check()  # cancelled, not failed
            for film in (*films, self._to):
                film.unlink(missing_ok=True)
            _log.warning("job %s: %s", self._job.pk, error)
            note_failure(self._job.engine)
            message = "The engine made something that cannot be used."
            self._give_up(JobFailed("engine_film_unusable", message, retryable=True))
        note_success(self._job.engine)

    def _request(self) -> VideoRequest:
        """Return what the engine is asked for: all of the cast, the picture that it begins from.

        Raises:
            UploadNotFound, UploadNotReady, UploadRefused, FaceInUpload: it may not begin from it.
        """
        job = self._job
        request = replace(request_of(job), prompt=prompt_with_cast(job))
        if job.input_reference is None:
            return request
        picture = picture_for(upload_id=job.input_reference, by=job.user_id)
        return replace(request, input_reference=picture)

    def _render_step(self, plan: Plan, number: int, films: list[Path]) -> None:
        request = next_request(plan, films[:number])
        looks, is_soon = 0, False
        while True:
            self._lease.check()
            try:
                video = self._look(request, number)
                if video.status == "completed":
                    share = (number + 1) / len(films)
                    self._note_rendered(video, int(share * RENDERED))
                    self._fetch(video, films[number])
                    return
            except VideoNotFound:
                self._begin_again("The engine lost the clip")
                continue
            except EngineError as error:
                self._wait_for_engine(error)
            else:
                self._note_answer()
                self._check_failed(video)
                share = (number * 100 + video.progress) / len(films)
                note_progress(self._job, int(share * RENDERED / 100), "rendering")
                looks += 1
                is_soon = looks <= QUICK_LOOKS or video.progress >= SOON
            self._lease.wait(POLL_SECONDS_SOON if is_soon else POLL_SECONDS)

    def _look(self, request: VideoRequest, number: int) -> Video:
        """Return the step's video on the engine, submitting it first when the engine has none.

        Raises:
            LeaseLost: the job ended while it was submitted; the engine was told.
        """
        job = self._job
        if job.engine_video_id and job.engine_step == number:
            return self._client.retrieve(job.engine_video_id)
        if job.engine_video_id:  # of a step whose film is on this disk, or was on another
            self._client.cancel(job.engine_video_id)
        video = self._submit(request, number)
        try:
            note_progress(job, 0, "rendering", engine_video_id=video.id, engine_step=number)
        except LeaseLost:  # cancelled meanwhile: nobody else knows of this video
            self._client.cancel(video.id)
            raise
        return video

    def _submit(self, request: VideoRequest, number: int) -> Video:
        key = f"{self._job.pk}-{self._job.tries}.{self._job.attempt}-{number}"
        if self._job.cast:
            request = replace(request, cast=self._faces())
        try:
            return self._client.submit(request, idempotency_key=key)
        except EngineUnavailable as error:
            # Where a key means nothing, each asking may begin another video.
            if error.may_have_arrived and not self._client.dialect.is_idempotent:
                self._begin_again("The engine did not say whether it took the clip")
            raise

    def _faces(self) -> tuple[CastMember, ...]:
        """Return the pictures that an engine is about to get, once for each attempt."""
        if self._gate_of != self._job.attempt:
            self._cast = faces_for_engine(self._job)
            self._gate_of = self._job.attempt
        return self._cast

    def _note_rendered(self, video: Video, progress: int) -> None:
        """Keep the engine's facts before its file: once that is here, it is not asked again."""
        not_drawn = [{"phrase": n.phrase, "instead": n.instead} for n in video.not_drawn]
        seed = self._job.seed if video.seed is None else video.seed
        note_progress(self._job, progress, "fetching", not_drawn=not_drawn, seed=seed)

    def _fetch(self, video: Video, to: Path) -> None:
        """Bring what was made to this disk: the film last, whose being there says that all is."""
        captions = self._to.with_suffix(".vtt")
        if video.has_captions:
            captions.write_text(self._client.captions(video.id), encoding="utf-8")
        else:
            captions.unlink(missing_ok=True)
        self._client.download(video.id, to, on_chunk=self._lease.check)

    def _check_film(self) -> None:
        """Refuse a film that is larger or longer than what was asked for.

        Raises:
            NotAVideo: it is.
        """
        width_px, height_px = map(int, self._job.size.split("x"))
        info = probe(self._to)
        if info.width_px > width_px or info.height_px > height_px:
            raise NotAVideo(f"{info.width_px}x{info.height_px} instead of {self._job.size}")
        if info.seconds > self._job.seconds + SECONDS_OVER:
            raise NotAVideo(f"{info.seconds} s instead of {self._job.seconds} s")

    def _note_answer(self) -> None:
        self._unusable = 0
        if self._is_failing:
            note_success(self._job.engine)
            self._is_failing = False

    def _wait_for_engine(self, error: EngineError) -> None:
        job = self._job
        if not error.is_retryable:
            self._give_up(JobFailed(error.code, error.message, retryable=False))
        if isinstance(error, AnswerUnusable):
            self._unusable += 1
        is_open = False
        if not isinstance(error, EngineBusy):
            self._is_failing = True
            is_open = note_failure(job.engine)
        if self._unusable >= UNUSABLE_MAX:
            self._give_up(JobFailed(error.code, error.message, retryable=True))
        if is_open and hand_over(job):
            raise LeaseLost(f"{job} waits for another engine")
        _log.warning("job %s waits for its engine: %s", job.pk, error.message)
        note_progress(job, job.progress, "waiting_for_engine")
        if isinstance(error, EngineBusy):
            self._lease.wait(min(error.retry_after_seconds, BUSY_SECONDS_MAX))

    def _check_failed(self, video: Video) -> None:
        if video.status != "failed":
            return
        note_failure(self._job.engine)
        error = video.error or VideoError("engine_failed", "The engine could not make the clip.")
        self._give_up(JobFailed(error.code, error.message, retryable=True))

    def _begin_again(self, why: str) -> None:
        job = self._job
        if job.attempt >= ATTEMPTS_MAX:
            message = f"{why} {ATTEMPTS_MAX} times."
            self._give_up(JobFailed("engine_lost_video", message, retryable=True))
        _log.warning("job %s: %s: %s", job.pk, why, job.engine_video_id)
        note_progress(job, 0, "rendering", engine_video_id="", attempt=job.attempt + 1)

    def _give_up(self, failure: JobFailed) -> NoReturn:
        """Let another engine draw the clip if one may and can; else the job fails.

        Raises:
            LeaseLost: it waits for another engine.
            JobFailed: it does not.
        """
        said = f"{failure.code} {failure.message}".lower()
        if any(word in said for word in REFUSALS):
            raise JobFailed(failure.code, failure.message, retryable=False)
        if hand_over(self._job):
            raise LeaseLost(f"{self._job} waits for another engine")
        raise failure
