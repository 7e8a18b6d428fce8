"""One exchange with an engine: sent, answered within bounds, and every failure an `EngineError`."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import httpx

from engine.errors import (
    AnswerUnusable,
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
from engine.transport import BoundedTransport, within
from engine.wire import storable

MAX_ANSWER_BYTES = 4 << 20
MAX_VIDEO_BYTES = 256 << 20
DOWNLOAD_SECONDS = 600.0
DEFAULT_RETRY_SECONDS = 10
MAX_MESSAGE_CHARACTERS = 500
MAX_NAME_CHARACTERS = 60
JSON = {"Accept": "application/json"}


class Exchange:
    """Talks HTTP to one engine, which may be broken or hostile; threads may share it.

    Nothing is followed to another address. No answer is read beyond its limit, none is waited for
    beyond its time.

    Args:
        base_url: where the engine listens, without `/v1`.
        key: its bearer key, if it has one.
        timeout_seconds: for each connect, read and write; three times that for a whole exchange.
    """

    def __init__(self, base_url: str, key: str | None, timeout_seconds: float) -> None:
        self._seconds = 3 * timeout_seconds
        self._http = httpx.Client(
            base_url=base_url,
            # Compressed, a small answer can unpack to any size.
            headers={"Accept-Encoding": "identity"}
            | ({"Authorization": f"Bearer {key}"} if key else {}),
            timeout=timeout_seconds,
            follow_redirects=False,
            transport=BoundedTransport(),
        )

    def close(self) -> None:
        """Close the connections; twice is harmless."""
        self._http.close()

    def is_answered(self, path: str) -> bool:
        """Whether a GET is answered with success; never raises."""
        try:
            self.data("GET", path)
        except EngineError:
            return False
        return True

    def json(
        self, method: str, path: str, *, max_bytes: int = MAX_ANSWER_BYTES, **options: Any
    ) -> Any:
        """Exchange a request for a JSON document; `options` are those of `httpx.Client.stream`.

        Raises:
            AnswerUnusable: what came is no JSON.
            EngineError: as `data`.
        """
        options["headers"] = {**JSON, **options.get("headers", {})}
        data = self.data(method, path, max_bytes=max_bytes, **options)
        try:
            return json.loads(data)
        except (ValueError, RecursionError) as error:
            raise AnswerUnusable("The engine did not answer in JSON.") from error

    def data(
        self,
        method: str,
        path: str,
        *,
        max_bytes: int = MAX_ANSWER_BYTES,
        seconds: float | None = None,
        **options: Any,
    ) -> bytes:
        """Exchange a request for bytes.

        Raises:
            EngineError: `answer_too_large`, or as its subclass says: RequestRejected, EngineBusy,
                EngineDenied, EngineUnavailable, AnswerUnusable, PreviewTooSlow, VideoNotFound,
                VideoNotReady, ContentNotFound.
        """
        with self._answer(method, path, seconds or self._seconds, options) as answer:
            body = b"".join(_bounded(answer, max_bytes if answer.is_success else MAX_ANSWER_BYTES))
        if not answer.is_success and not _is_video(body):
            _raise_error(answer, body)
        return body

    def download(self, path: str, to: Path, *, on_chunk: Callable[[], None]) -> None:
        """Write the MP4 that a GET is answered with to `to`, whole or not at all.

        Args:
            path: what is asked for.
            to: the file to write.
            on_chunk: called for each piece; what it raises ends the download.

        Raises:
            AnswerUnusable: what came is no MP4.
            EngineError: as `data`.
        """
        part = to.with_name(to.name + ".part")
        try:
            with (
                self._answer("GET", path, DOWNLOAD_SECONDS, {}) as answer,
                part.open("wb") as file,
            ):
                if not answer.is_success:
                    _raise_error(answer, b"".join(_bounded(answer, MAX_ANSWER_BYTES)))
                for chunk in _bounded(answer, MAX_VIDEO_BYTES):
                    on_chunk()
                    file.write(chunk)
            with part.open("rb") as file:
                if file.read(8)[4:] != b"ftyp":
                    raise AnswerUnusable("The engine sent something else than an MP4.")
            part.replace(to)
        finally:
            part.unlink(missing_ok=True)

    @contextmanager
    def _answer(
        self, method: str, path: str, seconds: float, options: dict[str, Any]
    ) -> Iterator[httpx.Response]:
        try:
            with within(seconds), self._http.stream(method, path, **options) as answer:
                if answer.is_redirect:
                    raise AnswerUnusable("The engine points elsewhere, where we do not go.")
                if answer.headers.get("content-encoding", "identity") != "identity":
                    raise AnswerUnusable("The engine compresses what it was asked not to.")
                yield answer
        except httpx.HTTPError as error:
            # Only when there was no connection it is certain that nothing was begun.
            arrived = not isinstance(error, httpx.ConnectError | httpx.ConnectTimeout)
            message = storable(f"The engine did not answer: {error}", MAX_MESSAGE_CHARACTERS)
            raise EngineUnavailable(message, may_have_arrived=arrived) from error


def _bounded(answer: httpx.Response, max_bytes: int) -> Iterator[bytes]:
    received = 0
    for chunk in answer.iter_bytes():
        received += len(chunk)
        if received > max_bytes:
            message = f"The engine sent more than {max_bytes} bytes."
            raise EngineError(message, code="answer_too_large")
        yield chunk


def _is_video(body: bytes) -> bool:
    """Whether a video object came with an error's status, as vLLM-Omni sends a failed one."""
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return False
    return isinstance(said, dict) and said.get("object") == "video"


def _raise_error(answer: httpx.Response, body: bytes) -> NoReturn:
    status = answer.status_code
    message, code, param = _what_is_wrong(body)
    message = storable(message, MAX_MESSAGE_CHARACTERS) or f"HTTP {status}"
    if status in {401, 403}:
        raise EngineDenied(message)
    if status == 404:
        raise (ContentNotFound if code == ContentNotFound.code else VideoNotFound)(message)
    if status == 429:
        wait = answer.headers.get("retry-after", "")
        is_number = wait.isascii() and wait.isdigit() and len(wait) < 6
        seconds = int(wait) if is_number else DEFAULT_RETRY_SECONDS
        raise EngineBusy(message, retry_after_seconds=seconds)
    if code == VideoNotReady.code:
        raise VideoNotReady(message)
    if code == PreviewTooSlow.code:
        raise PreviewTooSlow(message)
    if status < 500:
        raise RequestRejected(message, param=param, code=code)
    # An error says that nothing was begun; only a proxy's "too late" does not.
    raise EngineUnavailable(message, may_have_arrived=status == 504)


def _what_is_wrong(body: bytes) -> tuple[str, str | None, str | None]:
    """Message, code and field of an error: OpenAI's object, or what FastAPI says in `detail`."""
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return "", None, None
    if not isinstance(said, dict):
        return "", None, None
    error = said.get("error", said.get("detail"))
    if isinstance(error, list) and error and isinstance(error[0], dict):  # one for each field
        place = error[0].get("loc")
        field = str(place[-1]) if isinstance(place, list) and place else None
        return str(error[0].get("msg", "")), None, field
    if not isinstance(error, dict):
        return str(error or said.get("message") or ""), None, None
    return (
        str(error.get("message", "")),
        _text(error.get("code")),
        _text(error.get("param")),
    )


def _text(value: Any) -> str | None:
    return storable(value, MAX_NAME_CHARACTERS) if isinstance(value, str) else None
