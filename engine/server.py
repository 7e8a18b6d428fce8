"""The generation service: one engine behind the OpenAI Videos dialect, as an ASGI app."""

import asyncio
import hashlib
import json
import secrets
from base64 import b64encode
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from engine.bodies import read_fields
from engine.characters import Character, CharacterBook, read_character
from engine.contracts import Engine
from engine.errors import (
    ContentNotFound,
    EngineError,
    EngineUnavailable,
    RequestRejected,
    VideoNotFound,
    VideoNotReady,
)
from engine.fields import check_names
from engine.films import Order
from engine.guards import BodyLimit, Key, engine_error, http_error, server_error
from engine.mp4 import write_spritesheet, write_thumbnail
from engine.orders import CHANGE_FIELDS, read_request
from engine.previews import PreviewDesk
from engine.queue import QueueLimits, Record, RenderQueue
from engine.sources import check_offered, order_edit, order_extension
from engine.webhooks import Endpoint, Webhooks
from engine.worlds import MAX_SEED

MAX_KEY_CHARACTERS = 255
MAX_PAGE = 100
VOCABULARY_SECONDS = 300  # that a caller may keep it without asking
VARIANTS = {
    "video": (".mp4", "video/mp4"),
    "thumbnail": (".webp", "image/webp"),
    "spritesheet": (".jpg", "image/jpeg"),
    "captions": (".vtt", "text/vtt"),
    "world": (".world", "application/json"),
}


def create_app(
    engine: Engine,
    state: Path,
    *,
    key: str | None = None,
    limits: QueueLimits | None = None,
    on_ready: Callable[[], None] = lambda: None,
    webhook: Endpoint | None = None,
) -> Starlette:
    """Make the app; its lifespan starts and stops the threads that render and tell.

    Args:
        engine: what renders.
        state: folder for rendered files; emptied at start.
        key: bearer key every request but /health must carry; None: open.
        limits: of the queue.
        on_ready: called from the render thread when the engine is warm.
        webhook: who is told of every video's end.
    """
    queue = RenderQueue(engine, state / "videos", limits or QueueLimits())
    webhooks = Webhooks(webhook, queue.has) if webhook else None
    previews = PreviewDesk(engine)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        if webhooks:
            webhooks.start()
            queue.start(on_ready, webhooks.tell)
        else:
            queue.start(on_ready)
        yield
        if webhooks:  # before the queue: a render that ends with the service did not fail
            await asyncio.to_thread(webhooks.stop)
        previews.stop()
        await asyncio.to_thread(queue.stop)

    app = Starlette(
        routes=[
            Route("/health", health),
            Route("/v1/videos", list_videos, methods=["GET"]),
            Route("/v1/videos", create_video, methods=["POST"]),
            Route("/v1/videos/preview", preview_video, methods=["POST"]),
            Route("/v1/videos/extensions", extend_video, methods=["POST"]),
            Route("/v1/videos/edits", edit_video, methods=["POST"]),
            Route("/v1/videos/characters", create_character, methods=["POST"]),
            Route("/v1/videos/characters/{character_id}", retrieve_character, methods=["GET"]),
            Route("/v1/videos/characters/{character_id}", delete_character, methods=["DELETE"]),
            Route("/v1/videos/{video_id}", retrieve_video, methods=["GET"]),
            Route("/v1/videos/{video_id}", delete_video, methods=["DELETE"]),
            Route("/v1/videos/{video_id}/content", video_content),
            Route("/v1/videos/{video_id}/remix", remix_video, methods=["POST"]),
            Route("/v1/models", list_models),
            Route("/v1/models/{model}", retrieve_model),
            Route("/v1/engines", list_engines),
            Route("/v1/engines/{name}/vocabulary", engine_vocabulary),
        ],
        middleware=[Middleware(BodyLimit), Middleware(Key, key=key)],
        exception_handlers={
            EngineError: engine_error,
            HTTPException: http_error,
            Exception: server_error,
        },
        lifespan=lifespan,
    )
    app.state.queue = queue
    app.state.previews = previews
    app.state.characters = CharacterBook()
    app.state.vocabulary = None  # bytes, once it was asked for
    app.state.vocabulary_lock = asyncio.Lock()
    return app


def _queue(request: Request) -> RenderQueue:
    queue: RenderQueue = request.app.state.queue
    return queue


def _book(request: Request) -> CharacterBook:
    book: CharacterBook = request.app.state.characters
    return book


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
    """Queue a video and answer with it."""
    queue, book = _queue(request), _book(request)

    def order(fields: dict[str, Any]) -> Order:
        return Order((read_request(fields, queue.engine.capabilities, book),))

    return await _submitted(request, order)


async def extend_video(request: Request) -> Response:
    """Queue a video that shows another one and then what happens next."""
    queue, book = _queue(request), _book(request)
    return await _submitted(request, lambda fields: order_extension(fields, queue, book))


async def edit_video(request: Request) -> Response:
    """Queue a video of the same events as another one's, which look different."""
    queue, book = _queue(request), _book(request)
    return await _submitted(request, lambda fields: order_edit(fields, queue, book))


async def remix_video(request: Request) -> Response:
    """Do as `edit_video`, with the video named in the path: OpenAI's older form."""
    queue, book = _queue(request), _book(request)
    video = {"id": request.path_params["video_id"]}

    def order(fields: dict[str, Any]) -> Order:
        check_offered(queue.engine.capabilities, "remix")
        check_names(fields, CHANGE_FIELDS)
        return order_edit({**fields, "video": video}, queue, book)

    return await _submitted(request, order)


async def preview_video(request: Request) -> Response:
    """Draw a contact sheet of the video that the same body would make, and queue nothing.

    The answer is the JPEG; to who accepts JSON, an object that also says what cannot be drawn.

    Raises:
        EngineUnavailable: the engine is not warm.
    """
    queue = _queue(request)
    check_offered(queue.engine.capabilities, "preview")
    fields = await read_fields(request)
    wanted = await asyncio.to_thread(
        read_request, fields, queue.engine.capabilities, _book(request)
    )
    if queue.warmth != "ok":
        raise EngineUnavailable("The engine is not ready.")
    if wanted.seed is None:
        wanted = replace(wanted, seed=secrets.randbelow(MAX_SEED + 1))
    desk: PreviewDesk = request.app.state.previews
    drawn = await desk.draw(wanted)
    seed = {"X-Vignette-Seed": str(wanted.seed)}
    if "application/json" not in request.headers.get("accept", ""):
        return Response(drawn.jpeg, media_type="image/jpeg", headers=seed)
    body = {
        "object": "video.preview",
        "model": wanted.model,
        "seed": wanted.seed,
        "not_drawn": [asdict(item) for item in drawn.not_drawn],
        "image_url": f"data:image/jpeg;base64,{b64encode(drawn.jpeg).decode()}",
    }
    return JSONResponse(body, headers=seed)


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
    """Answer with the MP4, a still of it made at the first asking, its captions or its world.

    Raises:
        RequestRejected: there is no such variant.
        VideoNotReady: the video is not completed.
        ContentNotFound: nobody speaks in it, or it has no world.
    """
    queue, video_id = _queue(request), request.path_params["video_id"]
    variant = request.query_params.get("variant", "video")
    if variant not in VARIANTS:
        raise RequestRejected(f"'variant' must be one of {', '.join(VARIANTS)}.", param="variant")
    record = queue.get(video_id)
    if record.status != "completed":
        raise VideoNotReady(f"The video is {record.status}; its content is not available.")
    suffix, media_type = VARIANTS[variant]
    file, video = queue.films.file(video_id, suffix), queue.films.file(video_id, ".mp4")
    seconds = float(record.seconds)
    if variant == "captions" and not record.has_captions:
        raise ContentNotFound("Nobody speaks in this video.")
    if variant == "world" and not record.has_world:
        raise ContentNotFound("The engine told nothing of this video's world.")
    if variant == "thumbnail" and not file.exists():
        await asyncio.to_thread(write_thumbnail, video, file, at_seconds=0.3 * seconds)
    if variant == "spritesheet" and not file.exists():
        await asyncio.to_thread(write_spritesheet, video, file, seconds=seconds)
    return FileResponse(file, media_type=media_type)


async def create_character(request: Request) -> Response:
    """Keep a name and a face for a day, to be cast by id."""
    queue, book = _queue(request), _book(request)
    check_offered(queue.engine.capabilities, "characters")
    fields = await read_fields(request)
    member = await asyncio.to_thread(read_character, fields)
    return JSONResponse(_character(book.add(member)))


async def retrieve_character(request: Request) -> Response:
    """Answer with a character, without its face."""
    return JSONResponse(_character(_book(request).get(request.path_params["character_id"])))


async def delete_character(request: Request) -> Response:
    """Forget a character."""
    character_id = request.path_params["character_id"]
    _book(request).remove(character_id)
    return JSONResponse({"id": character_id, "object": "character.deleted", "deleted": True})


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


async def engine_vocabulary(request: Request) -> Response:
    """Answer with everything a prompt can name; the same until the server restarts.

    Raises:
        HTTPException: 404, there is no such engine.
    """
    engine = _queue(request).engine
    if request.path_params["name"] != engine.capabilities.name:
        raise HTTPException(404)
    state = request.app.state
    async with state.vocabulary_lock:
        if state.vocabulary is None:
            words = await asyncio.to_thread(engine.vocabulary)
            state.vocabulary = json.dumps(words, ensure_ascii=False).encode()
    tag = f'"{hashlib.sha256(state.vocabulary).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": f"private, max-age={VOCABULARY_SECONDS}"}
    known = {each.strip() for each in request.headers.get("if-none-match", "").split(",")}
    if known & {tag, f"W/{tag}", "*"}:
        return Response(status_code=304, headers=headers)
    return Response(state.vocabulary, media_type="application/json", headers=headers)


async def _submitted(request: Request, read: Callable[[dict[str, Any]], Order]) -> Response:
    """Queue what the body asks for; with an Idempotency-Key, once.

    Raises:
        RequestRejected: the key is too long.
    """
    idempotency_key = request.headers.get("idempotency-key")
    if idempotency_key and len(idempotency_key) > MAX_KEY_CHARACTERS:
        raise RequestRejected(
            f"Idempotency-Key is longer than {MAX_KEY_CHARACTERS} characters.",
            param="Idempotency-Key",
            code="string_above_max_length",
        )
    queue, fields = _queue(request), await read_fields(request)

    def submit() -> Record:
        return queue.submit(read(fields), idempotency_key=idempotency_key)

    # Pictures are decoded and worlds read: not on the thread that answers everybody.
    return JSONResponse(_video(await asyncio.to_thread(submit), queue))


def _character(character: Character) -> dict[str, Any]:
    return {
        "id": character.id,
        "object": "character",
        "name": character.member.name.removeprefix("@"),
        "created_at": character.created_at,
        "expires_at": character.expires_at,
    }


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
        "seconds": str(record.seconds),
        "size": record.request.size,
        "remixed_from_video_id": record.remixed_from,
        "error": asdict(record.error) if record.error else None,
        "vignette": {
            "engine": queue.engine.capabilities.name,
            "seed": record.seed,
            "not_drawn": [asdict(item) for item in record.not_drawn],
            "captions": record.has_captions,
            "world": record.has_world,
        },
    }
