"""The caller of a generation service that speaks the OpenAI Videos dialect."""

import json
from base64 import b64decode
from pathlib import Path
from typing import Any, NoReturn, Self
from urllib.parse import quote

import httpx

from engine.contracts import (
    Change,
    EngineCapabilities,
    NotDrawn,
    Preview,
    Video,
    VideoRequest,
)
from engine.errors import (
    ContentNotFound,
    EngineBusy,
    EngineDenied,
    EngineError,
    EngineUnavailable,
    PreviewTooSlow,
    RequestRejected,
    VideoNotFound,
    VideoNotReady,
)
from engine.wire import change_fields, read_video, request_fields

MAX_VIDEO_BYTES = 1 << 30
MAX_WORLD_BYTES = 8 << 20
MAX_VOCABULARY_BYTES = 4 << 20
MAX_PREVIEW_BYTES = 2 << 20
MAX_CAPTIONS_BYTES = 256 << 10
PREVIEW_SECONDS = 30.0  # the engine gives up before
MAX_ANSWER_BYTES = 4 << 20
DEFAULT_RETRY_SECONDS = 10
JPEG_START = b"\xff\xd8\xff"
JSON = {"Accept": "application/json"}


class EngineClient:
    """Talks to one engine; threads may share it. Every failure is an `EngineError`.

    Args:
        base_url: where the engine listens, without `/v1`.
        key: its bearer key, if it has one.
        timeout_seconds: for each connect, read and write, not for the whole of a download.
    """

    def __init__(
        self, base_url: str, key: str | None = None, timeout_seconds: float = 10.0
    ) -> None:
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._http = httpx.Client(base_url=base_url, headers=headers, timeout=timeout_seconds)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections; twice is harmless."""
        self._http.close()

    def submit(self, request: VideoRequest, *, idempotency_key: str) -> Video:
        """Ask for a video; the same key gives the same video, so asking twice renders once.

        Raises:
            RequestRejected: a field is wrong (`param`), or the key was used for another request.
            EngineBusy: its queue is full.
            EngineDenied: the key is wrong.
            EngineUnavailable: no usable answer came.
        """
        return self._video(
            "POST",
            "/v1/videos",
            json=request_fields(request),
            headers={"Idempotency-Key": idempotency_key},
        )

    def extend(
        self, video: str | bytes, change: Change, *, seconds: int, idempotency_key: str
    ) -> Video:
        """Ask for a video that shows another one and then `seconds` of what happens next.

        Args:
            video: the id of a completed video; or the world of one, as `world` gave it: then only
                what is new is shown.
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
        fields = change_fields(change, video=video) | {"seconds": str(seconds)}
        headers = {"Idempotency-Key": idempotency_key}
        return self._video("POST", "/v1/videos/extensions", json=fields, headers=headers)

    def edit(self, video: str | bytes, change: Change, *, idempotency_key: str) -> Video:
        """Ask for a video of the same events as another one's, which look as the change says.

        Args:
            video: the id of a completed video, or the world of one, as `world` gave it.
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
        fields = change_fields(change, video=video)
        headers = {"Idempotency-Key": idempotency_key}
        return self._video("POST", "/v1/videos/edits", json=fields, headers=headers)

    def preview(self, request: VideoRequest) -> tuple[Preview, int]:
        """Return a contact sheet of the video that the same request would make, and its seed.

        Raises:
            RequestRejected: a field is wrong, or the engine has no previews.
            PreviewTooSlow: it took too long.
            EngineBusy: too many previews are asked for.
            EngineDenied: the key is wrong.
            EngineUnavailable: no usable answer came.
        """
        answer = self._json(
            "POST",
            "/v1/videos/preview",
            max_bytes=2 * MAX_PREVIEW_BYTES,  # in base64
            json=request_fields(request),
            timeout=PREVIEW_SECONDS,
        )
        try:
            jpeg = b64decode(answer["image_url"].partition("base64,")[2], validate=True)
            missing = tuple(NotDrawn(n["phrase"], n["instead"]) for n in answer["not_drawn"])
            seed = int(answer["seed"])
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise EngineUnavailable("The engine answered with no preview.") from error
        if not jpeg.startswith(JPEG_START) or len(jpeg) > MAX_PREVIEW_BYTES:
            raise EngineUnavailable("The engine answered with no JPEG of at most 2 MiB.")
        return Preview(jpeg, missing), seed

    def vocabulary(self, engine: str) -> dict[str, Any]:
        """Return everything that a prompt to the engine of this name can name.

        Raises:
            EngineDenied: the key is wrong.
            EngineUnavailable: no usable answer came.
        """
        path = f"/v1/engines/{quote(engine, safe='')}/vocabulary"
        answer = self._json("GET", path, max_bytes=MAX_VOCABULARY_BYTES)
        if not isinstance(answer, dict):
            raise EngineUnavailable("The engine answered with no vocabulary.")
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
        return self._video("GET", f"/v1/videos/{video_id}")

    def download(self, video_id: str, to: Path) -> None:
        """Write the finished MP4 to `to`, whole or not at all.

        Raises:
            VideoNotReady: it is not completed.
            VideoNotFound: see `retrieve`.
            EngineDenied: the key is wrong.
            EngineUnavailable: no answer, it broke off, or it is above 1 GiB.
        """
        part = to.with_name(to.name + ".part")
        try:
            with self._http.stream("GET", f"/v1/videos/{video_id}/content") as answer:
                if answer.is_error:
                    _raise_error(answer, answer.read())
                with part.open("wb") as file:
                    for chunk in answer.iter_bytes():
                        if file.tell() + len(chunk) > MAX_VIDEO_BYTES:
                            raise EngineUnavailable("The engine sent more than 1 GiB.")
                        file.write(chunk)
            part.replace(to)
        except httpx.HTTPError as error:
            raise EngineUnavailable(f"The download broke off: {error}") from error
        finally:
            part.unlink(missing_ok=True)

    def cancel(self, video_id: str) -> None:
        """Stop and forget a video; one that is already gone is fine.

        Raises:
            EngineDenied: the key is wrong.
            EngineUnavailable: no usable answer came.
        """
        try:
            self._json("DELETE", f"/v1/videos/{video_id}")
        except VideoNotFound:
            return

    def capabilities(self) -> EngineCapabilities:
        """Return what may be asked of this engine.

        Raises:
            EngineDenied: the key is wrong.
            EngineUnavailable: no usable answer came.
        """
        answer = self._json("GET", "/v1/engines")
        try:
            row: dict[str, Any] = {
                name: tuple(value) if isinstance(value, list) else value
                for name, value in answer["data"][0].items()
            }
            return EngineCapabilities(**row)
        except (KeyError, IndexError, TypeError, AttributeError) as error:
            raise EngineUnavailable("The engine described itself in an unknown way.") from error

    def is_healthy(self) -> bool:
        """Whether the engine would render now; never raises."""
        try:
            return self._http.get("/health").is_success
        except httpx.HTTPError:
            return False

    def _video(self, method: str, path: str, **options: Any) -> Video:
        answer = self._json(method, path, **options)
        try:
            return read_video(answer)
        except (KeyError, TypeError, ValueError) as error:
            raise EngineUnavailable("The engine answered with no video object.") from error

    def _content(self, video_id: str, variant: str, max_bytes: int) -> bytes:
        path = f"/v1/videos/{video_id}/content"
        return self._bytes("GET", path, max_bytes, params={"variant": variant})

    def _json(
        self, method: str, path: str, *, max_bytes: int = MAX_ANSWER_BYTES, **options: Any
    ) -> Any:
        data = self._bytes(
            method, path, max_bytes, headers={**JSON, **options.pop("headers", {})}, **options
        )
        try:
            return json.loads(data)
        except (ValueError, RecursionError) as error:
            raise EngineUnavailable("The engine did not answer in JSON.") from error

    def _bytes(self, method: str, path: str, max_bytes: int, **options: Any) -> bytes:
        # The answer is read only as far as it may go.
        data = bytearray()
        try:
            with self._http.stream(method, path, **options) as answer:
                if answer.is_error:
                    max_bytes = MAX_ANSWER_BYTES
                for chunk in answer.iter_bytes():
                    data += chunk
                    if len(data) > max_bytes:
                        message = f"The engine sent more than {max_bytes} bytes."
                        raise EngineError(message, code="answer_too_large")
        except httpx.HTTPError as error:
            raise EngineUnavailable(f"The engine did not answer: {error}") from error
        if answer.is_error:
            _raise_error(answer, bytes(data))
        return bytes(data)


def _raise_error(answer: httpx.Response, body: bytes) -> NoReturn:
    try:
        error = json.loads(body)["error"]
        message, code, param = str(error["message"]), error.get("code"), error.get("param")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        message, code, param = f"HTTP {answer.status_code}", None, None
    status = answer.status_code
    if status in {401, 403}:
        raise EngineDenied(message)
    if status == 404:
        raise (ContentNotFound if code == ContentNotFound.code else VideoNotFound)(message)
    if status == 429:
        wait = answer.headers.get("retry-after", "")
        seconds = int(wait) if wait.isdigit() else DEFAULT_RETRY_SECONDS
        raise EngineBusy(message, retry_after_seconds=seconds)
    if code == VideoNotReady.code:
        raise VideoNotReady(message)
    if code == PreviewTooSlow.code:
        raise PreviewTooSlow(message)
    if status < 500:
        raise RequestRejected(message, param=param, code=code)
    raise EngineUnavailable(message)
