"""The OpenAI Videos dialect as its caller writes and reads it; `engine.orders` is the other side.

Fields beyond OpenAI's (`seed`, `shots`, `style`, `negative_prompt`, `audio`, `fps`, `characters`,
`world`) are extensions, as is the `vignette` object of an answer.
"""

import base64
from collections.abc import Mapping
from typing import Any

from engine.contracts import CastMember, Change, NotDrawn, Video, VideoError, VideoRequest


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
        fields["input_reference"] = {"image_url": _data_url(request.input_reference)}
    return {name: value for name, value in fields.items() if value is not None}


def change_fields(change: Change, *, video: str | bytes) -> dict[str, Any]:
    """The JSON object that `read_change` reads back as the same change of a video.

    Args:
        change: what is to be different.
        video: the video's id, or its world.
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


def read_video(answer: Mapping[str, Any]) -> Video:
    """A `Video` from a video object; servers without our extension give no seed and no `not_drawn`.

    Raises:
        KeyError, TypeError, ValueError: it is not a video object.
    """
    extension = answer.get("vignette") or {}
    error = answer.get("error")
    return Video(
        id=str(answer["id"]),
        status=answer["status"],
        progress=int(answer.get("progress") or 0),
        seed=extension.get("seed"),
        not_drawn=tuple(
            NotDrawn(item["phrase"], item["instead"]) for item in extension.get("not_drawn", ())
        ),
        error=VideoError(str(error["code"]), str(error["message"])) if error else None,
        seconds=float(answer.get("seconds") or 0.0),
        size=str(answer.get("size") or ""),
        has_captions=extension.get("captions") is True,
        has_world=extension.get("world") is True,
    )


def _cast_fields(cast: tuple[CastMember, ...]) -> list[dict[str, str]] | None:
    return [{"name": m.name, "image_url": _data_url(m.face)} for m in cast] or None


def _data_url(data: bytes) -> str:
    encoded = base64.b64encode(data).decode("ascii")
    return f"data:application/octet-stream;base64,{encoded}"
