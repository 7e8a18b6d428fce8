"""The OpenAI Videos dialect: request bodies ↔ `VideoRequest`, video objects ↔ `Video`.

Fields beyond OpenAI's (`seed`, `shots`, `style`, `negative_prompt`, `audio`, `fps`) are extensions,
as is the `vignette` object of an answer.
"""

import base64
import binascii
import io
import json
from collections.abc import Mapping
from typing import Any

from PIL import Image, UnidentifiedImageError

from engine.contracts import (
    MAX_PROMPT_CHARACTERS,
    MAX_REFERENCE_BYTES,
    EngineCapabilities,
    NotDrawn,
    Shot,
    Video,
    VideoError,
    VideoRequest,
)
from engine.errors import RequestRejected

DEFAULT_SECONDS = 4
MAX_SEED = 2**31 - 1
MAX_REFERENCE_PX = 4096
MAX_STYLE_CHARACTERS = 200
FIELDS = frozenset(
    [
        "prompt",
        "seconds",
        "size",
        "model",
        "seed",
        "fps",
        "shots",
        "style",
        "negative_prompt",
        "audio",
        "input_reference",
    ]
)
IMAGE_FORMATS = ("JPEG", "PNG", "WEBP")


def read_request(fields: Mapping[str, Any], limits: EngineCapabilities) -> VideoRequest:
    """Check every field of a JSON object, or of a form (all strings), against the engine's limits.

    Raises:
        RequestRejected: names the first wrong field.
    """
    for name in fields:
        if name not in FIELDS:
            raise RequestRejected(
                f"Unknown parameter: {name[:80]!r}.", param=name[:80], code="unknown_parameter"
            )
    if (model := _text(fields, "model", 64) or limits.name) != limits.name:
        raise RequestRejected(
            f"The model {model!r} does not exist here; there is {limits.name!r}.",
            param="model",
            code="model_not_found",
        )
    size = _text(fields, "size", 16) or limits.sizes[0]
    if size not in limits.sizes:
        raise RequestRejected(_expected("size", f"one of {', '.join(limits.sizes)}"), param="size")
    shots = _shots(fields.get("shots"), limits)
    seconds = _seconds(fields, shots, limits)
    return VideoRequest(
        prompt=_prompt(fields, is_optional=bool(shots)),
        seconds=seconds,
        size=size,
        model=model,
        seed=_integer(fields.get("seed"), "seed", 0, MAX_SEED),
        fps=_one_of(_integer(fields.get("fps"), "fps", 1, 120) or limits.fps[0], "fps", limits.fps),
        shots=shots,
        style=_text(fields, "style", MAX_STYLE_CHARACTERS),
        negative_prompt=_text(fields, "negative_prompt", MAX_PROMPT_CHARACTERS),
        audio=_boolean(fields.get("audio"), "audio", default=True),
        input_reference=_reference(fields.get("input_reference")),
    )


def request_fields(request: VideoRequest) -> dict[str, Any]:
    """The JSON object that `read_request` reads back as the same request."""
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
    }
    if request.shots:
        fields["shots"] = [
            {"prompt": shot.prompt, "seconds": shot.seconds, "camera": shot.camera}
            for shot in request.shots
        ]
    if request.input_reference is not None:
        encoded = base64.b64encode(request.input_reference).decode("ascii")
        fields["input_reference"] = {"image_url": f"data:application/octet-stream;base64,{encoded}"}
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
    )


def _expected(param: str, expected: str) -> str:
    return f"Invalid value for {param!r}: expected {expected}."


def _prompt(fields: Mapping[str, Any], *, is_optional: bool) -> str:
    prompt = _text(fields, "prompt", MAX_PROMPT_CHARACTERS)
    if prompt is None and not is_optional:
        raise RequestRejected(
            "Missing required parameter: 'prompt'.",
            param="prompt",
            code="missing_required_parameter",
        )
    return prompt or ""


def _text(fields: Mapping[str, Any], param: str, max_characters: int) -> str | None:
    # A string without NUL; None when absent or blank.
    value = fields.get(param)
    if value is None:
        return None
    if not isinstance(value, str):
        raise RequestRejected(f"{param!r} must be a string.", param=param, code="invalid_type")
    if len(value) > max_characters:
        raise RequestRejected(
            f"{param!r} is longer than {max_characters} characters.",
            param=param,
            code="string_above_max_length",
        )
    if "\x00" in value:
        raise RequestRejected(_expected(param, "text without NUL"), param=param)
    return value.strip() or None


def _integer(value: Any, param: str, low: int, high: int) -> int | None:
    if value is None:
        return None
    if isinstance(value, str) and value.isascii() and len(value) < 12:
        digits = value.strip()
        value = int(digits) if digits.removeprefix("-").isdigit() else value
    if isinstance(value, bool) or not isinstance(value, int):
        raise RequestRejected(f"{param!r} must be an integer.", param=param, code="invalid_type")
    if not low <= value <= high:
        raise RequestRejected(_expected(param, f"{low} to {high}"), param=param)
    return value


def _one_of(value: int, param: str, allowed: tuple[int, ...]) -> int:
    if value not in allowed:
        raise RequestRejected(
            _expected(param, f"one of {', '.join(map(str, allowed))}"), param=param
        )
    return value


def _boolean(value: Any, param: str, *, default: bool) -> bool:
    if value is None:
        return default
    if isinstance(value, str) and value.lower() in {"true", "false"}:
        return value.lower() == "true"
    if not isinstance(value, bool):
        raise RequestRejected(f"{param!r} must be true or false.", param=param, code="invalid_type")
    return value


def _seconds(fields: Mapping[str, Any], shots: tuple[Shot, ...], limits: EngineCapabilities) -> int:
    low, high = limits.min_seconds, limits.max_seconds
    asked = _integer(fields.get("seconds"), "seconds", low, high)
    if not shots:
        return asked or min(DEFAULT_SECONDS, high)
    total = sum(shot.seconds for shot in shots)
    if total > high:
        raise RequestRejected(_expected("shots", f"at most {high} seconds together"), param="shots")
    if asked not in {None, total}:
        raise RequestRejected(
            _expected("seconds", f"{total}, the sum of the shots, or nothing"), param="seconds"
        )
    return total


def _shots(value: Any, limits: EngineCapabilities) -> tuple[Shot, ...]:
    # A list of {prompt, seconds, camera?}; in a form it is JSON text.
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            raise RequestRejected(_expected("shots", "a JSON list"), param="shots") from None
    if value is None:
        return ()
    if not isinstance(value, list) or not 1 <= len(value) <= limits.max_shots:
        expected = _expected("shots", f"a list of 1 to {limits.max_shots} shots")
        raise RequestRejected(expected, param="shots")
    return tuple(_shot(item, f"shots[{i}]", limits) for i, item in enumerate(value))


def _shot(item: Any, name: str, limits: EngineCapabilities) -> Shot:
    if not isinstance(item, dict) or not item.keys() <= {"prompt", "seconds", "camera"}:
        expected = _expected(name, "an object with prompt, seconds and camera")
        raise RequestRejected(expected, param=name)
    named = {f"{name}.{field}": content for field, content in item.items()}
    prompt = _text(named, f"{name}.prompt", MAX_PROMPT_CHARACTERS)
    seconds = _integer(item.get("seconds"), f"{name}.seconds", 1, limits.max_seconds)
    camera = _text(named, f"{name}.camera", MAX_STYLE_CHARACTERS)
    if prompt is None or seconds is None:
        missing = f"{name}.prompt" if prompt is None else f"{name}.seconds"
        raise RequestRejected(
            f"Missing required parameter: {missing!r}.",
            param=missing,
            code="missing_required_parameter",
        )
    return Shot(prompt, seconds, camera)


def _reference(value: Any) -> bytes | None:
    # An uploaded file, or a `data:` URL, plain or in {"image_url": …}; never a URL to be fetched.
    if value is None:
        return None
    name = "input_reference"
    if isinstance(value, dict):
        value = value.get("image_url")
    if isinstance(value, str):
        value = _data_url(value, name)
    if not isinstance(value, bytes):
        raise RequestRejected(f"{name!r} must be an image.", param=name, code="invalid_type")
    if len(value) > MAX_REFERENCE_BYTES:
        raise RequestRejected(
            f"{name!r} is larger than {MAX_REFERENCE_BYTES} bytes.",
            param=name,
            code="file_too_large",
        )
    try:
        with Image.open(io.BytesIO(value), formats=IMAGE_FORMATS) as image:
            longest_px = max(image.size)  # only the header is read
    except (UnidentifiedImageError, OSError, ValueError, Image.DecompressionBombError):
        raise RequestRejected(_expected(name, "a JPEG, PNG or WebP image"), param=name) from None
    if longest_px > MAX_REFERENCE_PX:
        raise RequestRejected(_expected(name, f"at most {MAX_REFERENCE_PX} px a side"), param=name)
    return value


def _data_url(value: str, name: str) -> bytes:
    head, _, encoded = value.partition(",")
    if not (encoded and head.startswith("data:") and head.endswith(";base64")):
        expected = _expected(name, "an uploaded file or a base64 data: URL")
        raise RequestRejected(expected, param=name)
    try:
        return base64.b64decode(encoded, validate=True)
    except binascii.Error:
        raise RequestRejected(_expected(name, "valid base64"), param=name) from None
