"""The caller of a generation service that speaks the OpenAI Videos dialect."""

from pathlib import Path
from typing import Any, NoReturn, Self

import httpx

from engine.contracts import EngineCapabilities, Video, VideoRequest
from engine.errors import (
    EngineBusy,
    EngineDenied,
    EngineUnavailable,
    RequestRejected,
    VideoNotFound,
    VideoNotReady,
)
from engine.wire import read_video, request_fields

MAX_VIDEO_BYTES = 1 << 30
DEFAULT_RETRY_SECONDS = 10


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
                    answer.read()
                    _raise_error(answer)
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

    def _json(self, method: str, path: str, **options: Any) -> Any:
        try:
            answer = self._http.request(method, path, **options)
        except httpx.HTTPError as error:
            raise EngineUnavailable(f"The engine did not answer: {error}") from error
        if answer.is_error:
            _raise_error(answer)
        try:
            return answer.json()
        except ValueError as error:
            raise EngineUnavailable("The engine did not answer in JSON.") from error


def _raise_error(answer: httpx.Response) -> NoReturn:
    try:
        error = answer.json()["error"]
        message, code, param = str(error["message"]), error.get("code"), error.get("param")
    except (ValueError, KeyError, TypeError, AttributeError):
        message, code, param = f"HTTP {answer.status_code}", None, None
    status = answer.status_code
    if status in {401, 403}:
        raise EngineDenied(message)
    if status == 404:
        raise VideoNotFound(message)
    if status == 429:
        wait = answer.headers.get("retry-after", "")
        seconds = int(wait) if wait.isdigit() else DEFAULT_RETRY_SECONDS
        raise EngineBusy(message, retry_after_seconds=seconds)
    if code == VideoNotReady.code:
        raise VideoNotReady(message)
    if status < 500:
        raise RequestRejected(message, param=param, code=code)
    raise EngineUnavailable(message)
