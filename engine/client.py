"""The caller of a generation service that speaks a dialect of OpenAI's Videos API."""

from base64 import b64decode
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote

from engine.contracts import (
    Change,
    EngineCapabilities,
    NotDrawn,
    Preview,
    Video,
    VideoRequest,
)
from engine.dialects import dialect_named
from engine.dialects.offer import Offer
from engine.errors import AnswerUnusable, ContentNotFound, EngineError, VideoNotFound
from engine.exchange import Exchange
from engine.plans import Plan, plan
from engine.wire import change_body, read_capabilities, read_video, request_fields

MAX_WORLD_BYTES = 8 << 20
MAX_VOCABULARY_BYTES = 4 << 20
MAX_PREVIEW_BYTES = 2 << 20
MAX_CAPTIONS_BYTES = 256 << 10
PREVIEW_SECONDS = 30.0  # the engine gives up before
JPEG_START = b"\xff\xd8\xff"


class EngineClient:
    """Talks to one engine; threads may share it. Every failure is an `EngineError`.

    Args:
        base_url: where the engine listens, without `/v1`.
        key: its bearer key, if it has one.
        timeout_seconds: for each connect, read and write; see `Exchange`.
        dialect: which kind of server it is, one of `engine.dialects.DIALECTS`.
        offer: what it can do, where it does not say so itself: all but our own service.

    Raises:
        ValueError: there is no such dialect, or its offer is missing.
    """

    def __init__(
        self,
        base_url: str,
        key: str | None = None,
        timeout_seconds: float = 10.0,
        *,
        dialect: str = "vignette",
        offer: Offer | None = None,
    ) -> None:
        self.dialect = dialect_named(dialect, offer)
        self._offer = None if dialect == "vignette" else offer
        self._exchange = Exchange(base_url, key, timeout_seconds)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections; twice is harmless."""
        self._exchange.close()

    def plan(self, request: VideoRequest) -> Plan:
        """Return what to `submit`, one after the other, for a film.

        Raises:
            RequestRejected: a server of another dialect cannot be brought to make it.
        """
        return plan(request, self._offer)

    def submit(self, request: VideoRequest, *, idempotency_key: str) -> Video:
        """Ask for a video; where `dialect.is_idempotent`, the same key gives the same video.

        Raises:
            RequestRejected: a field is wrong (`param`), or the key was used for another request.
            EngineBusy: its queue is full.
            EngineDenied: the key is wrong.
            EngineUnavailable: no usable answer came.
        """
        call = self.dialect.create(request, idempotency_key=idempotency_key)
        return self._video("POST", call.path, **call.options)

    def extend(
        self, video: str | bytes | Path, change: Change, *, seconds: int, idempotency_key: str
    ) -> Video:
        """Ask for a video that shows another one and then `seconds` of what happens next.

        Args:
            video: the id of a completed video; or the world of one, as `world` gave it: then only
                what is new is shown; or any film, for an engine that builds on films.
            change: what is to happen.
            seconds: length of what is new.
            idempotency_key: as for `submit`.

        Raises:
            RequestRejected: a field is wrong, or the engine extends nothing.
            VideoNotReady: the video is not completed.
            VideoNotFound: see `retrieve`.
            EngineBusy: its queue is full.
            EngineDenied: the key is wrong.
            EngineUnavailable: no usable answer came.
        """
        body = change_body(video, change, {"seconds": str(seconds)})
        headers = {"Idempotency-Key": idempotency_key}
        return self._video("POST", "/v1/videos/extensions", headers=headers, **body)

    def edit(self, video: str | bytes | Path, change: Change, *, idempotency_key: str) -> Video:
        """Ask for a video of the same events as another one's, which look as the change says.

        Args:
            video: the id of a completed video, or the world of one, as `world` gave it; or any
                film, for an engine that builds on films.
            change: how it is to look.
            idempotency_key: as for `submit`.

        Raises:
            RequestRejected: a field is wrong, or the engine edits nothing.
            VideoNotReady: the video is not completed.
            VideoNotFound: see `retrieve`.
            EngineBusy: its queue is full.
            EngineDenied: the key is wrong.
            EngineUnavailable: no usable answer came.
        """
        headers = {"Idempotency-Key": idempotency_key}
        return self._video(
            "POST", "/v1/videos/edits", headers=headers, **change_body(video, change, {})
        )

    def preview(self, request: VideoRequest) -> tuple[Preview, int]:
        """Return a contact sheet of the video that the same request would make, and its seed.

        Raises:
            RequestRejected: a field is wrong, or the engine has no previews.
            PreviewTooSlow: it took too long.
            EngineBusy: too many previews are asked for.
            EngineDenied: the key is wrong.
            AnswerUnusable: what came cannot be used.
            EngineUnavailable: no answer came.
        """
        answer = self._exchange.json(
            "POST",
            "/v1/videos/preview",
            max_bytes=2 * MAX_PREVIEW_BYTES,  # in base64
            json=request_fields(request),
            seconds=PREVIEW_SECONDS,
            timeout=PREVIEW_SECONDS,
        )
        try:
            jpeg = b64decode(answer["image_url"].partition("base64,")[2], validate=True)
            missing = tuple(NotDrawn(n["phrase"], n["instead"]) for n in answer["not_drawn"])
            seed = int(answer["seed"])
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise AnswerUnusable("The engine answered with no preview.") from error
        if not jpeg.startswith(JPEG_START) or len(jpeg) > MAX_PREVIEW_BYTES:
            raise AnswerUnusable("The engine answered with no JPEG of at most 2 MiB.")
        return Preview(jpeg, missing), seed

    def vocabulary(self, engine: str) -> dict[str, Any]:
        """Return everything that a prompt to the engine of this name can name.

        Raises:
            EngineDenied: the key is wrong.
            AnswerUnusable: what came cannot be used.
            EngineUnavailable: no answer came.
        """
        path = f"/v1/engines/{quote(engine, safe='')}/vocabulary"
        if self._offer is not None:
            return {}
        answer = self._exchange.json("GET", path, max_bytes=MAX_VOCABULARY_BYTES)
        if not isinstance(answer, dict):
            raise AnswerUnusable("The engine answered with no vocabulary.")
        return answer

    def captions(self, video_id: str) -> str:
        """Return what is spoken in a completed video as WebVTT; empty when nobody speaks.

        Raises:
            VideoNotReady: it is not completed.
            VideoNotFound: see `retrieve`.
            EngineDenied: the key is wrong.
            EngineUnavailable: no usable answer came.
            EngineError: what came is no WebVTT, or more than 256 KiB.
        """
        try:
            data = self._content(video_id, "captions", MAX_CAPTIONS_BYTES)
            text = data.decode("utf-8").removeprefix("\ufeff")
        except ContentNotFound:
            return ""
        except UnicodeDecodeError:
            text = ""
        if not text.startswith("WEBVTT") or "\x00" in text:
            raise EngineError("The engine's captions are no WebVTT.", code="invalid_captions")
        return text

    def world(self, video_id: str) -> bytes:
        """Return the world of a completed video, which `extend` and `edit` take; JSON.

        Raises:
            ContentNotFound: it has none.
            VideoNotReady: it is not completed.
            VideoNotFound: see `retrieve`.
            EngineDenied: the key is wrong.
            EngineUnavailable: no usable answer came.
            EngineError: more than 8 MiB came.
        """
        return self._content(video_id, "world", MAX_WORLD_BYTES)

    def retrieve(self, video_id: str) -> Video:
        """Return the state of a video.

        Raises:
            VideoNotFound: never made, cancelled, expired, or the engine restarted: submit again.
            EngineDenied: the key is wrong.
            EngineUnavailable: no usable answer came.
        """
        # LiteLLM names one video differently in each answer; the name it was asked by stands.
        return replace(self._video("GET", _path(video_id)), id=video_id)

    def download(
        self, video_id: str, to: Path, *, on_chunk: Callable[[], None] = lambda: None
    ) -> None:
        """Write the finished MP4 to `to`, whole or not at all.

        Args:
            video_id: a completed video.
            to: the file to write.
            on_chunk: called for each piece; what it raises ends the download.

        Raises:
            VideoNotReady: it is not completed.
            VideoNotFound: see `retrieve`.
            EngineDenied: the key is wrong.
            EngineUnavailable: no answer, it broke off, or what came is no MP4.
            EngineError: it is above 256 MiB.
        """
        self._exchange.download(f"{_path(video_id)}/content", to, on_chunk=on_chunk)

    def cancel(self, video_id: str) -> None:
        """Stop and forget a video, where `dialect.can_cancel`; one that is gone is fine.

        Raises:
            EngineDenied: the key is wrong.
            EngineUnavailable: no usable answer came.
        """
        if not self.dialect.can_cancel:
            return
        with suppress(VideoNotFound):
            self._exchange.data("DELETE", _path(video_id))

    def capabilities(self) -> EngineCapabilities:
        """Return what may be asked of this engine: as it says itself, or as its offer does.

        Raises:
            EngineDenied: the key is wrong.
            AnswerUnusable: what came cannot be used.
            EngineUnavailable: no answer came.
        """
        if self._offer is not None:
            self._exchange.data("GET", self.dialect.health_path)
            return self._offer.capabilities(self.dialect.name)
        answer = self._exchange.json("GET", "/v1/engines")
        try:
            return read_capabilities(answer["data"][0])
        except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
            raise AnswerUnusable("The engine described itself in an unknown way.") from error

    def is_healthy(self) -> bool:
        """Whether the engine would render now; never raises."""
        return self._exchange.is_answered(self.dialect.health_path)

    def _video(self, method: str, path: str, **options: Any) -> Video:
        answer = self._exchange.json(method, path, **options)
        try:
            return read_video(answer)
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            raise AnswerUnusable("The engine answered with no video object.") from error

    def _content(self, video_id: str, variant: str, max_bytes: int) -> bytes:
        path = f"{_path(video_id)}/content"
        return self._exchange.data("GET", path, max_bytes=max_bytes, params={"variant": variant})


def _path(video_id: str) -> str:
    # An id is the engine's: it must not lead to another address of it.
    return f"/v1/videos/{quote(video_id, safe='')}"
