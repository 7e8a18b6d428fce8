"""The generation service: one engine behind the OpenAI Videos dialect, as an ASGI app."""

import asyncio
import hmac
import json
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from engine.contracts import MAX_REFERENCE_BYTES, Engine
from engine.errors import (
    EngineBusy,
    EngineDenied,
    EngineError,
    RequestRejected,
    VideoNotFound,
    VideoNotReady,
)
from engine.mp4 import write_spritesheet, write_thumbnail
from engine.queue import QueueLimits, Record, RenderQueue
from engine.wire import read_request

log = logging.getLogger(__name__)

MAX_BODY_BYTES = (
    MAX_REFERENCE_BYTES * 4 // 3 + 256 * 1024
)  # base64 of the largest image, and the rest
BODY_SECONDS = 30.0
MAX_KEY_CHARACTERS = 255
MAX_PAGE = 100
STATUS_OF_CODE = {
    "request_too_large": 413,
    "file_too_large": 413,
    "request_timeout": 408,
    "idempotency_key_reused": 409,
    "unsupported_media_type": 415,
}


def create_app(
    engine: Engine,
    state: Path,
    *,
    key: str | None = None,
    limits: QueueLimits | None = None,
    on_ready: Callable[[], None] = lambda: None,
) -> Starlette:
    """Make the app; its lifespan starts and stops the render thread.

    Args:
        engine: what renders.
        state: folder for rendered files; emptied at start.
        key: bearer key every request but /health must carry; None: open.
        limits: of the queue.
        on_ready: called from the render thread when the engine is warm.
    """
    queue = RenderQueue(engine, state / "videos", limits or QueueLimits())

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        queue.start(on_ready)
        yield
        await asyncio.to_thread(queue.stop)

    app = Starlette(
        routes=[
            Route("/health", health),
            Route("/v1/videos", list_videos, methods=["GET"]),
            Route("/v1/videos", create_video, methods=["POST"]),
            Route("/v1/videos/{video_id}", retrieve_video, methods=["GET"]),
            Route("/v1/videos/{video_id}", delete_video, methods=["DELETE"]),
            Route("/v1/videos/{video_id}/content", video_content),
            Route("/v1/models", list_models),
            Route("/v1/models/{model}", retrieve_model),
            Route("/v1/engines", list_engines),
        ],
        middleware=[Middleware(_BodyLimit), Middleware(_Key, key=key)],
        exception_handlers={
            EngineError: _engine_error,
            HTTPException: _http_error,
            Exception: _server_error,
        },
        lifespan=lifespan,
    )
    app.state.queue = queue
    return app


def _queue(request: Request) -> RenderQueue:
    queue: RenderQueue = request.app.state.queue
    return queue


# ── endpoints ──────────────────────────────────────────────────────────────────────────


async def health(request: Request) -> Response:
    """Say whether a clip would be rendered now; open to all."""
    queue = _queue(request)
    body = {
        "status": queue.warmth,
        "engine": queue.engine.capabilities.name,
        "queued": queue.queued,
    }
    return JSONResponse(body, status_code=200 if queue.warmth == "ok" else 503)


async def create_video(request: Request) -> Response:
    """Queue a video and answer with it.

    Raises:
        RequestRejected: a field, the key or the body is wrong.
    """
    idempotency_key = request.headers.get("idempotency-key")
    if idempotency_key and len(idempotency_key) > MAX_KEY_CHARACTERS:
        raise RequestRejected(
            f"Idempotency-Key is longer than {MAX_KEY_CHARACTERS} characters.",
            param="Idempotency-Key",
            code="string_above_max_length",
        )
    try:
        async with asyncio.timeout(BODY_SECONDS):
            fields = await _fields(request)
    except TimeoutError:
        raise RequestRejected(
            "The request body came too slowly.", param=None, code="request_timeout"
        ) from None
    queue = _queue(request)
    wanted = read_request(fields, queue.engine.capabilities)
    return JSONResponse(_video(queue.submit(wanted, idempotency_key=idempotency_key), queue))


async def retrieve_video(request: Request) -> Response:
    """Answer with the state of a video."""
    queue = _queue(request)
    return JSONResponse(_video(queue.get(request.path_params["video_id"]), queue))


async def list_videos(request: Request) -> Response:
    """Answer with a page of videos.

    Raises:
        RequestRejected: a query parameter is wrong.
    """
    queue, query = _queue(request), request.query_params
    limit, order = query.get("limit", "20"), query.get("order", "desc")
    if not (limit.isascii() and limit.isdigit() and 1 <= int(limit[:4]) <= MAX_PAGE):
        raise RequestRejected(f"'limit' must be 1 to {MAX_PAGE}.", param="limit")
    if order not in {"asc", "desc"}:
        raise RequestRejected("'order' must be asc or desc.", param="order")
    try:
        records, has_more = queue.page(
            after=query.get("after"), limit=int(limit), newest_first=order == "desc"
        )
    except VideoNotFound as error:
        raise RequestRejected(error.message, param="after") from None
    data = [_video(record, queue) for record in records]
    return JSONResponse(
        {
            "object": "list",
            "data": data,
            "first_id": data[0]["id"] if data else None,
            "last_id": data[-1]["id"] if data else None,
            "has_more": has_more,
        }
    )


async def delete_video(request: Request) -> Response:
    """Cancel and forget a video; the engine is free at its next frame."""
    video_id = request.path_params["video_id"]
    _queue(request).remove(video_id)
    return JSONResponse({"id": video_id, "object": "video.deleted", "deleted": True})


async def video_content(request: Request) -> Response:
    """Answer with the MP4, or a still of it, made at the first asking.

    Raises:
        RequestRejected: there is no such variant.
        VideoNotReady: the video is not completed.
    """
    queue, video_id = _queue(request), request.path_params["video_id"]
    variant = request.query_params.get("variant", "video")
    if variant not in {"video", "thumbnail", "spritesheet"}:
        raise RequestRejected("'variant' must be video, thumbnail or spritesheet.", param="variant")
    record = queue.get(video_id)
    if record.status != "completed":
        raise VideoNotReady(f"The video is {record.status}; its content is not available.")
    video, seconds = queue.file(video_id, ".mp4"), float(record.request.seconds)
    if variant == "video":
        return FileResponse(video, media_type="video/mp4")
    if variant == "thumbnail":
        still = queue.file(video_id, ".webp")
        if not still.exists():
            await asyncio.to_thread(write_thumbnail, video, still, at_seconds=0.3 * seconds)
        return FileResponse(still, media_type="image/webp")
    sheet = queue.file(video_id, ".jpg")
    if not sheet.exists():
        await asyncio.to_thread(write_spritesheet, video, sheet, seconds=seconds)
    return FileResponse(sheet, media_type="image/jpeg")


def _model(queue: RenderQueue) -> dict[str, Any]:
    name = queue.engine.capabilities.name
    return {"id": name, "object": "model", "created": 0, "owned_by": "vignette"}


async def list_models(request: Request) -> Response:
    """Answer with the one model there is."""
    return JSONResponse({"object": "list", "data": [_model(_queue(request))]})


async def retrieve_model(request: Request) -> Response:
    """Answer with the model of this name.

    Raises:
        HTTPException: 404, there is no such model.
    """
    model = _model(_queue(request))
    if request.path_params["model"] != model["id"]:
        raise HTTPException(404)
    return JSONResponse(model)


async def list_engines(request: Request) -> Response:
    """Answer with what may be asked of the engine."""
    return JSONResponse({"object": "list", "data": [asdict(_queue(request).engine.capabilities)]})


def _video(record: Record, queue: RenderQueue) -> dict[str, Any]:
    return {
        "id": record.id,
        "object": "video",
        "model": record.request.model,
        "status": record.status,
        "progress": record.progress,
        "created_at": record.created_at,
        "completed_at": record.completed_at,
        "expires_at": record.expires_at,
        "prompt": record.request.prompt,
        "seconds": str(record.request.seconds),
        "size": record.request.size,
        "remixed_from_video_id": None,
        "error": asdict(record.error) if record.error else None,
        "vignette": {
            "engine": queue.engine.capabilities.name,
            "seed": record.seed,
            "not_drawn": [asdict(item) for item in record.not_drawn],
        },
    }


async def _fields(request: Request) -> dict[str, Any]:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "multipart/form-data":
        form = await request.form(
            max_files=1, max_fields=24, max_part_size=MAX_REFERENCE_BYTES + 1024
        )
        async with _closing(form):
            return {
                name: await value.read() if isinstance(value, UploadFile) else value
                for name, value in form.items()
            }
    if kind != "application/json":
        raise RequestRejected(
            "Send application/json or multipart/form-data.",
            param=None,
            code="unsupported_media_type",
        )
    try:
        fields = json.loads(await request.body())
    except (ValueError, RecursionError):
        fields = None
    if not isinstance(fields, dict):
        raise RequestRejected("The body is not a JSON object.", param=None, code="invalid_json")
    return fields


@asynccontextmanager
async def _closing(form: Any) -> AsyncIterator[None]:
    try:
        yield
    finally:
        await form.close()


# ── errors, key and size: the same OpenAI shape for every failure ──────────────────────


def _failure(
    status: int, message: str, *, code: str | None, param: str | None = None, **headers: str
) -> JSONResponse:
    kind = "server_error" if status >= 500 else "invalid_request_error"
    kind = {401: "authentication_error", 429: "rate_limit_error"}.get(status, kind)
    error = {"message": message, "type": kind, "param": param, "code": code}
    return JSONResponse({"error": error}, status_code=status, headers=headers)


async def _engine_error(_: Request, error: Exception) -> Response:
    if isinstance(error, RequestRejected):
        status = STATUS_OF_CODE.get(error.code, 400)
        return _failure(status, error.message, code=error.code, param=error.param)
    if isinstance(error, EngineBusy):
        wait = {"Retry-After": str(error.retry_after_seconds)}
        return _failure(429, error.message, code=error.code, **wait)
    if isinstance(error, VideoNotFound):
        return _failure(404, error.message, code=error.code, param="video_id")
    if isinstance(error, VideoNotReady):
        return _failure(409, error.message, code=error.code, param="video_id")
    return await _server_error(_, error)


async def _http_error(_: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    headers = dict(error.headers or {}) if isinstance(error, HTTPException) else {}
    codes = {400: "invalid_request", 404: "not_found", 405: "method_not_allowed"}
    detail = error.detail if isinstance(error, HTTPException) else "Internal error."
    return _failure(status, detail, code=codes.get(status, "http_error"), **headers)


async def _server_error(_: Request, error: Exception) -> Response:
    log.error("unexpected error", exc_info=error)
    return _failure(500, "The engine failed to answer.", code="server_error")


class _Key:
    """Refuses requests without the bearer key; /health needs none."""

    def __init__(self, app: ASGIApp, key: str | None) -> None:
        self._app = app
        self._expected = f"Bearer {key}".encode() if key else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and self._expected and scope["path"] != "/health":
            given = dict(scope["headers"]).get(b"authorization", b"")
            if not hmac.compare_digest(given, self._expected):
                message = "Send the engine's key as a bearer token."
                await _failure(401, message, code=EngineDenied.code)(scope, receive, send)
                return
        await self._app(scope, receive, send)


class _BodyLimit:
    """Refuses a body above `MAX_BODY_BYTES`, by its header or when the bytes come."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        length = dict(scope["headers"]).get(b"content-length", b"0")
        if not length.isdigit() or int(length[:20]) > MAX_BODY_BYTES:
            refused = await _engine_error(Request(scope), _too_large())
            await refused(scope, receive, send)
            return
        received = 0

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > MAX_BODY_BYTES:
                raise _too_large()
            return message

        await self._app(scope, counted, send)


def _too_large() -> RequestRejected:
    return RequestRejected(
        f"The request is larger than {MAX_BODY_BYTES} bytes.", param=None, code="request_too_large"
    )
