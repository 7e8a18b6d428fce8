"""Requests that build on a video: what they build on, and what is to be made of it."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Any

from engine import fields as check
from engine.characters import CharacterBook
from engine.contracts import Change, EngineCapabilities, Operation, Source, VideoRequest
from engine.errors import ContentNotFound, RequestRejected, VideoNotFound, VideoNotReady
from engine.films import Head, Order, Stock
from engine.orders import CHANGE_FIELDS, read_change
from engine.queue import Record, RenderQueue
from engine.uploads import read_upload, request_like
from engine.worlds import (
    MAX_PARTS,
    MAX_TOTAL_SECONDS,
    WorldPart,
    read_world,
)

EDIT_FIELDS = CHANGE_FIELDS | {"video", "world"}
EXTENSION_FIELDS = EDIT_FIELDS | {"seconds"}
OWN_WORLD_BYTES = 64 * 1024 * 1024  # an engine may describe more than we take from a stranger


@dataclass(frozen=True, slots=True)
class Base:
    """What a request builds on: a video that is kept here, the world of one that is not, or a file.

    The parts have worlds when the engine builds on worlds; then there is no stock.
    """

    parts: tuple[WorldPart, ...]
    seed: int | None
    request: VideoRequest  # what was asked for, as far as it is known
    video_id: str | None
    stock: Stock | None = None

    @property
    def seconds(self) -> int:
        """Length of the film."""
        return sum(part.seconds for part in self.parts)


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
        RequestRejected: names the wrong field; an uploaded file is one.
        VideoNotFound: there is no such video.
        VideoNotReady: it is not completed.
    """
    limits = queue.engine.capabilities
    check_offered(limits, "extend")
    check.check_names(fields, EXTENSION_FIELDS)
    change = read_change(fields, limits, book)
    low, high = limits.min_seconds, limits.max_shot_seconds or limits.max_seconds
    seconds = check.integer(fields.get("seconds"), "seconds", low, high)
    if seconds is None:
        check.refuse_missing("seconds")
    base = _read_base(fields, queue)
    parts = base.parts
    head = Head(base.video_id, parts) if base.video_id or base.stock else None
    if base.seconds + seconds > MAX_TOTAL_SECONDS or len(parts) >= MAX_PARTS:
        what = f"at most {MAX_TOTAL_SECONDS} seconds and {MAX_PARTS} parts with the video"
        raise RequestRejected(check.expected("seconds", what), param="seconds")
    source = Source("extend", parts[-1].world)
    return Order((_changed(base, change, seconds, source),), head, stock=base.stock)


def order_edit(fields: Mapping[str, Any], queue: RenderQueue, book: CharacterBook) -> Order:
    """Check a request to film a video's events again, as its prompt wants them to look.

    A film is edited in as few stretches of equal length as the engine's takes allow.

    Raises:
        RequestRejected: names the wrong field; an uploaded file is one.
        VideoNotFound: there is no such video.
        VideoNotReady: it is not completed.
    """
    limits = queue.engine.capabilities
    check_offered(limits, "edit")
    check.check_names(fields, EDIT_FIELDS)
    change = read_change(fields, limits, book)
    base = _read_base(fields, queue)
    parts = base.parts
    if base.stock:
        parts = _stretches(base.seconds, limits.max_shot_seconds or limits.max_seconds)
    begins = accumulate((part.seconds for part in parts), initial=0)
    requests = tuple(
        _changed(base, change, part.seconds, Source("edit", part.world, begins_seconds=at))
        for part, at in zip(parts, begins, strict=False)  # the last sum is the film's end
    )
    return Order(requests, remixed_from=base.video_id, stock=base.stock)


def _changed(base: Base, change: Change, seconds: int, source: Source) -> VideoRequest:
    return replace(
        base.request,
        prompt=change.prompt,
        seconds=seconds,
        seed=base.seed if change.seed is None else change.seed,
        shots=(),
        style=change.style or base.request.style,
        negative_prompt=change.negative_prompt or base.request.negative_prompt,
        cast=change.cast or base.request.cast,
        source=source,
        # A film shows already what was made of a picture.
        input_reference=None if base.stock else base.request.input_reference,
    )


def _stretches(seconds: int, longest: int) -> tuple[WorldPart, ...]:
    count = -(-seconds // longest)
    return tuple(WorldPart((seconds + i) // count, b"") for i in range(count))


def _read_base(fields: Mapping[str, Any], queue: RenderQueue) -> Base:
    video, world = fields.get("video"), fields.get("world")
    if video is None and (world is None or queue.engine.capabilities.builds_on == "film"):
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
    return Base(document.parts, document.seed, request, None)


def _base_of_video(video: Any, queue: RenderQueue) -> Base:
    builds_on_film = queue.engine.capabilities.builds_on == "film"
    if isinstance(video, dict) and video.keys() == {"id"} and isinstance(video["id"], str):
        record = queue.get(video["id"])
    elif isinstance(video, bytes):
        # OpenAI's client uploads the file; one of ours is known by its bytes.
        found = queue.find(hashlib.sha256(video).digest())
        if found is None and builds_on_film:
            return _base_of_upload(video, queue.engine.capabilities)
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
    return _base_of_film(record) if builds_on_film else _base_of_world(record, queue)


def _base_of_film(record: Record) -> Base:
    stock = Stock(record.sha256, record.seconds, record.id)
    parts = (WorldPart(record.seconds, b""),)
    return Base(parts, record.seed, record.request, record.id, stock)


def _base_of_upload(data: bytes, limits: EngineCapabilities) -> Base:
    upload = read_upload(data)
    stock = Stock(hashlib.sha256(data).digest(), upload.seconds, None, data)
    parts = (WorldPart(upload.seconds, b""),)
    return Base(parts, None, request_like(upload, limits), None, stock)


def _base_of_world(record: Record, queue: RenderQueue) -> Base:
    if not record.has_world:
        raise RequestRejected(
            "Nothing is known of this video's world.", param="video", code=ContentNotFound.code
        )
    try:
        data = queue.films.file(record.id, ".world").read_bytes()
    except FileNotFoundError:
        raise VideoNotFound("The video has expired.") from None
    document = read_world(data, queue.engine.capabilities, max_bytes=OWN_WORLD_BYTES, param="video")
    return Base(document.parts, document.seed, record.request, record.id)


def _json_bytes(world: Any) -> bytes:
    if isinstance(world, bytes):
        return world
    try:
        text = world if isinstance(world, str) else json.dumps(world)
    except RecursionError:
        raise RequestRejected(check.expected("world", "fewer levels"), param="world") from None
    return text.encode("utf-8", "replace")
