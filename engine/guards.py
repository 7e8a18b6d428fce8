"""What every request passes: the key, the size of its body, and one shape for every failure."""

import hmac
import logging
from collections.abc import Mapping

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from engine.contracts import MAX_REFERENCE_BYTES
from engine.errors import (
    CharacterNotFound,
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
from engine.footage import UPLOAD_LIMITS

log = logging.getLogger(__name__)

MAX_BODY_BYTES = (
    MAX_REFERENCE_BYTES * 4 // 3 + 256 * 1024
)  # base64 of the largest image, and the rest
# Where a film may be sent, as a form.
FILM_PATHS = frozenset({"/v1/videos/extensions", "/v1/videos/edits"})
MAX_FILM_BODY_BYTES = UPLOAD_LIMITS.max_bytes + MAX_BODY_BYTES
STATUS_OF_CODE = {
    "request_too_large": 413,
    "file_too_large": 413,
    "request_timeout": 408,
    "idempotency_key_reused": 409,
    "unsupported_media_type": 415,
}
ANSWERS: tuple[tuple[type[EngineError], int, str | None], ...] = (
    (VideoNotFound, 404, "video_id"),
    (CharacterNotFound, 404, "character_id"),
    (ContentNotFound, 404, "variant"),
    (VideoNotReady, 409, "video_id"),
    (PreviewTooSlow, 503, None),
    (EngineUnavailable, 503, None),
)  # error, status, param


def failure(
    status: int, message: str, *, code: str | None, param: str | None = None, **headers: str
) -> JSONResponse:
    """An error in OpenAI's shape."""
    kind = "server_error" if status >= 500 else "invalid_request_error"
    kind = {401: "authentication_error", 429: "rate_limit_error"}.get(status, kind)
    error = {"message": message, "type": kind, "param": param, "code": code}
    return JSONResponse({"error": error}, status_code=status, headers=headers)


async def engine_error(_: Request, error: Exception) -> Response:
    """Answer with what went wrong; an engine's own refusal is the request's fault."""
    if isinstance(error, RequestRejected):
        status = STATUS_OF_CODE.get(error.code, 400)
        return failure(status, error.message, code=error.code, param=error.param)
    if isinstance(error, EngineBusy):
        wait = {"Retry-After": str(error.retry_after_seconds)}
        return failure(429, error.message, code=error.code, **wait)
    for kind, status, param in ANSWERS:
        if isinstance(error, kind):
            return failure(status, error.message, code=error.code, param=param)
    if isinstance(error, EngineError):
        return failure(400, error.message, code=error.code)
    return await server_error(_, error)


async def http_error(_: Request, error: Exception) -> Response:
    """Answer with what the framework refused."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    headers = dict(error.headers or {}) if isinstance(error, HTTPException) else {}
    codes = {400: "invalid_request", 404: "not_found", 405: "method_not_allowed"}
    detail = error.detail if isinstance(error, HTTPException) else "Internal error."
    return failure(status, detail, code=codes.get(status, "http_error"), **headers)


async def server_error(_: Request, error: Exception) -> Response:
    """Answer that something went wrong; what it was goes to the log."""
    log.error("unexpected error", exc_info=error)
    return failure(500, "The engine failed to answer.", code="server_error")


class Key:
    """Refuses requests without the bearer key; /health needs none."""

    def __init__(self, app: ASGIApp, key: str | None) -> None:
        self._app = app
        self._expected = f"Bearer {key}".encode() if key else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        if scope["type"] == "http" and self._expected and scope["path"] != "/health":
            given = dict(scope["headers"]).get(b"authorization", b"")
            if not hmac.compare_digest(given, self._expected):
                message = "Send the engine's key as a bearer token."
                await failure(401, message, code=EngineDenied.code)(scope, receive, send)
                return
        await self._app(scope, receive, send)


class BodyLimit:
    """Refuses a body that is too large, by its header or when the bytes come.

    That is above `MAX_BODY_BYTES`, or `MAX_FILM_BODY_BYTES` of a form that may have a film in it.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it.

        Raises:
            RequestRejected: too many bytes came.
        """
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        length, most = headers.get(b"content-length", b"0"), _most_bytes(scope["path"], headers)
        if not length.isdigit() or int(length[:20]) > most:
            refused = await engine_error(Request(scope), _too_large(most))
            await refused(scope, receive, send)
            return
        received = 0

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > most:
                raise _too_large(most)
            return message

        await self._app(scope, counted, send)


def _most_bytes(path: str, headers: Mapping[bytes, bytes]) -> int:
    is_form = headers.get(b"content-type", b"").strip().lower().startswith(b"multipart/form-data")
    return MAX_FILM_BODY_BYTES if is_form and path in FILM_PATHS else MAX_BODY_BYTES


def _too_large(most: int) -> RequestRejected:
    return RequestRejected(
        f"The request is larger than {most} bytes.", param=None, code="request_too_large"
    )
