"""Requests that build on a video: what they build on, and what is to be made of it."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from engine import fields as check
from engine.characters import CharacterBook
from engine.contracts import Change, EngineCapabilities, Operation, Source, VideoRequest
from engine.errors import ContentNotFound, RequestRejected, VideoNotFound, VideoNotReady
from engine.films import Head, Order
from engine.orders import CHANGE_FIELDS, read_change
from engine.queue import RenderQueue
from engine.worlds import (
    MAX_PARTS,
    MAX_TOTAL_SECONDS,
    WorldDocument,
    read_world,
)

EDIT_FIELDS = CHANGE_FIELDS | {"video", "world"}
EXTENSION_FIELDS = EDIT_FIELDS | {"seconds"}
OWN_WORLD_BYTES = 64 * 1024 * 1024  # an engine may describe more than we take from a stranger


@dataclass(frozen=True, slots=True)
class Base:
    """What a request builds on: a video that is kept here, or the world of one that is not."""

    document: WorldDocument
    request: VideoRequest  # what was asked for, as far as it is known
    video_id: str | None


def check_offered(limits: EngineCapabilities, operation: Operation) -> None:
    """Refuse what the engine cannot do.

    Raises:
        RequestRejected: `unsupported_operation`.
    """
    if operation not in limits.operations:
        raise RequestRejected(
            f"The engine {limits.name!r} has no {operation}.",
            param=None,
            code="unsupported_operation",
        )


def order_extension(fields: Mapping[str, Any], queue: RenderQueue, book: CharacterBook) -> Order:
    """Check a request to go on where a video ends.

    The result shows the video and then what is new; only the latter when just its world was sent.

    Raises:
        RequestRejected: names the wrong field.
        VideoNotFound: there is no such video.
        VideoNotReady: it is not completed.
    """
    limits = queue.engine.capabilities
    check_offered(limits, "extend")
    check.check_names(fields, EXTENSION_FIELDS)
    change = read_change(fields, limits, book)
    low, high = limits.min_seconds, limits.max_seconds
    seconds = check.integer(fields.get("seconds"), "seconds", low, high)
    if seconds is None:
        check.refuse_missing("seconds")
    base = _read_base(fields, queue)
    parts = base.document.parts
    head = Head(base.video_id, parts) if base.video_id else None
    if base.document.seconds + seconds > MAX_TOTAL_SECONDS or len(parts) >= MAX_PARTS:
        what = f"at most {MAX_TOTAL_SECONDS} seconds and {MAX_PARTS} parts with the video"
        raise RequestRejected(check.expected("seconds", what), param="seconds")
    source = Source("extend", parts[-1].world)
    return Order((_changed(base, change, seconds, source),), head)


def order_edit(fields: Mapping[str, Any], queue: RenderQueue, book: CharacterBook) -> Order:
    """Check a request to film a video's events again, as its prompt wants them to look.

    Raises:
        RequestRejected: names the wrong field.
        VideoNotFound: there is no such video.
        VideoNotReady: it is not completed.
    """
    limits = queue.engine.capabilities
    check_offered(limits, "edit")
    check.check_names(fields, EDIT_FIELDS)
    change = read_change(fields, limits, book)
    base = _read_base(fields, queue)
    parts = tuple(
        _changed(base, change, part.seconds, Source("edit", part.world))
        for part in base.document.parts
    )
    return Order(parts, remixed_from=base.video_id)


def _changed(base: Base, change: Change, seconds: int, source: Source) -> VideoRequest:
    return replace(
        base.request,
        prompt=change.prompt,
        seconds=seconds,
        seed=base.document.seed if change.seed is None else change.seed,
        shots=(),
        style=change.style or base.request.style,
        negative_prompt=change.negative_prompt or base.request.negative_prompt,
        cast=change.cast or base.request.cast,
        source=source,
    )


def _read_base(fields: Mapping[str, Any], queue: RenderQueue) -> Base:
    video, world = fields.get("video"), fields.get("world")
    if video is None and world is None:
        check.refuse_missing("video")
    if video is not None and world is not None:
        raise RequestRejected(check.expected("world", "no video beside it"), param="world")
    limits = queue.engine.capabilities
    if world is None:
        return _base_of_video(video, queue)
    document = read_world(_json_bytes(world), limits)
    request = VideoRequest(
        prompt="",
        seconds=document.seconds,
        size=document.size,
        model=document.engine,
        fps=document.fps,
        audio=document.audio,
    )
    return Base(document, request, None)


def _base_of_video(video: Any, queue: RenderQueue) -> Base:
    if isinstance(video, dict) and video.keys() == {"id"} and isinstance(video["id"], str):
        record = queue.get(video["id"])
    elif isinstance(video, bytes):
        # OpenAI's client uploads the file; one of ours is known by its bytes.
        found = queue.find(hashlib.sha256(video).digest())
        if found is None:
            raise RequestRejected(
                "This file is not a video that is kept here; send its world instead.",
                param="video",
                code="video_not_known",
            )
        record = found
    else:
        raise RequestRejected(check.expected("video", "an object of id, or a file"), param="video")
    if record.status != "completed":
        raise VideoNotReady(f"The video is {record.status}; nothing can build on it.")
    if not record.has_world:
        raise RequestRejected(
            "Nothing is known of this video's world.", param="video", code=ContentNotFound.code
        )
    try:
        data = queue.films.file(record.id, ".world").read_bytes()
    except FileNotFoundError:
        raise VideoNotFound("The video has expired.") from None
    document = read_world(data, queue.engine.capabilities, max_bytes=OWN_WORLD_BYTES, param="video")
    return Base(document, record.request, record.id)


def _json_bytes(world: Any) -> bytes:
    if isinstance(world, bytes):
        return world
    try:
        text = world if isinstance(world, str) else json.dumps(world)
    except RecursionError:
        raise RequestRejected(check.expected("world", "fewer levels"), param="world") from None
    return text.encode("utf-8", "replace")
