"""The OpenAI Videos dialect as its caller writes and reads it; `engine.orders` is the other side.

Fields beyond OpenAI's (`seed`, `shots`, `style`, `negative_prompt`, `audio`, `fps`, `characters`,
`world`) are extensions, as is the `vignette` object of an answer.
"""

import base64
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

from engine.contracts import (
    CastMember,
    Change,
    EngineCapabilities,
    NotDrawn,
    Video,
    VideoError,
    VideoRequest,
    VideoStatus,
)

# Ours, and what others are known to say in their place.
STATUSES: dict[str, VideoStatus] = {
    "queued": "queued",
    "pending": "queued",
    "in_progress": "in_progress",
    "processing": "in_progress",
    "running": "in_progress",
    "completed": "completed",
    "succeeded": "completed",
    "failed": "failed",
    "error": "failed",
    "cancelled": "failed",
}
MAX_ID = 500
MAX_CODE = 60
MAX_TEXT = 500
MAX_NOT_DRAWN = 50
MAX_NUMBER = 100_000  # of what an engine says of itself: seconds, frames a second, shots
_SIZE = re.compile(r"[1-9][0-9]{0,4}x[1-9][0-9]{0,4}")


def request_fields(request: VideoRequest) -> dict[str, Any]:
    """The JSON object that `read_request` reads back as the same request, but for `source`."""
    fields: dict[str, Any] = {
        "model": request.model,
        "prompt": request.prompt,
        "seconds": str(request.seconds),
        "size": request.size,
        "seed": request.seed,
        "fps": request.fps,
        "style": request.style,
        "negative_prompt": request.negative_prompt,
        "audio": request.audio,
        "characters": _cast_fields(request.cast),
    }
    if request.shots:
        fields["shots"] = [
            {"prompt": shot.prompt, "seconds": shot.seconds, "camera": shot.camera}
            for shot in request.shots
        ]
    if request.input_reference is not None:
        fields["input_reference"] = {"image_url": data_url(request.input_reference)}
    return {name: value for name, value in fields.items() if value is not None}


def change_fields(change: Change, *, video: str | bytes | None) -> dict[str, Any]:
    """The JSON object that `read_change` reads back as the same change of a video.

    Args:
        change: what is to be different.
        video: the video's id, or its world; None: what is neither goes beside it.
    """
    fields = {
        "prompt": change.prompt,
        "seed": change.seed,
        "style": change.style,
        "negative_prompt": change.negative_prompt,
        "characters": _cast_fields(change.cast),
        "video": {"id": video} if isinstance(video, str) else None,
        "world": video.decode("utf-8", "replace") if isinstance(video, bytes) else None,
    }
    return {name: value for name, value in fields.items() if value is not None}


def change_body(
    video: str | bytes | Path, change: Change, more: Mapping[str, str]
) -> dict[str, Any]:
    """The body that `read_change` reads back as the same change, as httpx takes it.

    Args:
        video: the video's id, its world or, as a form around it, a film.
        change: what is to be different.
        more: further fields.
    """
    if not isinstance(video, Path):
        return {"json": {**change_fields(change, video=video), **more}}
    fields = change_fields(change, video=None)
    cast = fields.pop("characters", [])
    form: dict[str, str | list[str]] = {name: str(value) for name, value in fields.items()}
    for column in ("name", "image_url") if cast else ():
        form[f"characters[][{column}]"] = [member[column] for member in cast]
    film = (video.name, video.read_bytes(), "video/mp4")
    return {"data": {**form, **more}, "files": {"video": film}}


def read_video(answer: Mapping[str, Any]) -> Video:
    """A `Video` from a video object; servers without our extension give no seed and no `not_drawn`.

    An engine may be hostile: what is returned can be stored, and is of bounded size.

    Raises:
        KeyError, TypeError, ValueError, AttributeError, OverflowError: it is not a video object.
    """
    extension = answer.get("vignette") or {}
    return Video(
        id=_id(answer["id"]),
        status=STATUSES[answer["status"]],
        progress=min(100, max(0, int(answer.get("progress") or 0))),
        seed=_seed(extension.get("seed")),
        not_drawn=tuple(_not_drawn(i) for i in extension.get("not_drawn", ())[:MAX_NOT_DRAWN]),
        error=read_error(answer.get("error")),
        seconds=float(answer.get("seconds") or 0.0),
        size=str(answer.get("size") or "")[:20],
        has_captions=extension.get("captions") is True,
        has_world=extension.get("world") is True,
    )


def read_capabilities(row: Mapping[str, Any]) -> EngineCapabilities:
    """What an engine says of itself; names that are newer than ours are left out.

    Raises:
        ValueError: it is no such description; or, by where it is wrong, KeyError, TypeError or
            AttributeError.
    """
    said: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in row.items()
        if name in _CAPABILITY_TYPES
    }
    for name, value in said.items():
        if not _is_of(value, _CAPABILITY_TYPES[name]):
            raise ValueError(f"{name} is no {_CAPABILITY_TYPES[name]}")
    can = EngineCapabilities(**said)
    if not can.sizes or not can.fps or not all(_SIZE.fullmatch(size) for size in can.sizes):
        raise ValueError("no sizes, or no rates")
    return can


def _is_of(value: Any, kind: Any) -> bool:
    """Whether a value from JSON is of a type such as `int | None` or `tuple[str, ...]`."""
    if get_origin(kind) is tuple:
        return isinstance(value, tuple) and all(_is_of(item, get_args(kind)[0]) for item in value)
    if get_origin(kind) is Literal:
        return value in get_args(kind)
    if get_args(kind):
        return any(_is_of(value, each) for each in get_args(kind))
    if kind is str:
        return isinstance(value, str) and value == storable(value, MAX_TEXT)
    return type(value) is kind and (kind is not int or 0 <= value < MAX_NUMBER)


def read_error(error: Any) -> VideoError | None:
    """Why a video failed: an object of code and message, or, as some servers have it, a text."""
    if not error:
        return None
    if not isinstance(error, Mapping):
        return VideoError("engine_failed", storable(str(error), MAX_TEXT))
    code = storable(str(error.get("code") or "engine_failed"), MAX_CODE)
    return VideoError(code, storable(str(error.get("message") or code), MAX_TEXT))


def storable(text: str, max_characters: int) -> str:
    """The text without what no database takes (NUL, halves of surrogate pairs), cut to a length."""
    return text[:max_characters].encode("utf-8", "replace").decode().replace("\x00", "")


_CAPABILITY_TYPES = get_type_hints(EngineCapabilities)


def _id(value: Any) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= MAX_ID or not value.isprintable():
        raise ValueError("no id")
    return value


def _seed(value: Any) -> int | None:
    return value if type(value) is int and 0 <= value < 2**63 else None


def _not_drawn(item: Mapping[str, Any]) -> NotDrawn:
    instead = item["instead"]
    return NotDrawn(
        storable(str(item["phrase"]), MAX_TEXT),
        None if instead is None else storable(str(instead), MAX_TEXT),
    )


def _cast_fields(cast: tuple[CastMember, ...]) -> list[dict[str, str]] | None:
    return [{"name": m.name, "image_url": data_url(m.face)} for m in cast] or None


def data_url(data: bytes, media_type: str = "application/octet-stream") -> str:
    """The bytes as a URL that holds them."""
    encoded = base64.b64encode(data).decode("ascii")
    return f"data:{media_type};base64,{encoded}"
