"""Checks of single fields of a request; each raises `RequestRejected` with the field's name.

Values come from JSON, typed, or from a form, where all but files are text.
"""

import base64
import binascii
import io
from collections.abc import Mapping
from typing import Any, NoReturn

from PIL import Image, UnidentifiedImageError

from engine.contracts import MAX_PROMPT_CHARACTERS, MAX_REFERENCE_BYTES
from engine.errors import RequestRejected

MAX_IMAGE_PX = 4096
IMAGE_FORMATS = ("JPEG", "PNG", "WEBP")


def check_names(fields: Mapping[str, Any], known: frozenset[str]) -> None:
    """Refuse a field that we do not know: it would be ignored without a word.

    Raises:
        RequestRejected: names the first such field.
    """
    for name in fields:
        if name not in known:
            shown = name[:80].encode("ascii", "backslashreplace").decode()
            raise RequestRejected(
                f"Unknown parameter: {shown!r}.", param=shown, code="unknown_parameter"
            )


def expected(param: str, what: str) -> str:
    """The message for a wrong value."""
    return f"Invalid value for {param!r}: expected {what}."


def refuse_missing(param: str) -> NoReturn:
    """Refuse a request that leaves out what it must have.

    Raises:
        RequestRejected: always.
    """
    raise RequestRejected(
        f"Missing required parameter: {param!r}.", param=param, code="missing_required_parameter"
    )


def text(fields: Mapping[str, Any], param: str, max_characters: int) -> str | None:
    """A string that can be stored and sent; None when absent or blank.

    Raises:
        RequestRejected: no string, too long, or with NUL or half a surrogate pair in it.
    """
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
    if "\x00" in value or any("\ud800" <= character <= "\udfff" for character in value):
        raise RequestRejected(expected(param, "Unicode text without NUL"), param=param)
    return value.strip() or None


def prompt(fields: Mapping[str, Any], *, is_optional: bool = False) -> str:
    """The prompt.

    Raises:
        RequestRejected: as `text`, or it is missing.
    """
    value = text(fields, "prompt", MAX_PROMPT_CHARACTERS)
    if value is None and not is_optional:
        refuse_missing("prompt")
    return value or ""


def integer(value: Any, param: str, low: int, high: int) -> int | None:
    """A whole number; None when absent or an empty string.

    Raises:
        RequestRejected: no integer, or not within `low` and `high`.
    """
    if value is None or value == "":
        return None
    if isinstance(value, str) and len(value) <= 12 and value.isascii():
        value = int(value) if value.removeprefix("-").isdigit() else value
    if isinstance(value, bool) or not isinstance(value, int):
        raise RequestRejected(f"{param!r} must be an integer.", param=param, code="invalid_type")
    if not low <= value <= high:
        raise RequestRejected(expected(param, f"{low} to {high}"), param=param)
    return value


def one_of(value: int, param: str, allowed: tuple[int, ...]) -> int:
    """The value, which is one of `allowed`.

    Raises:
        RequestRejected: it is not.
    """
    if value not in allowed:
        raise RequestRejected(
            expected(param, f"one of {', '.join(map(str, allowed))}"), param=param
        )
    return value


def boolean(value: Any, param: str, *, default: bool) -> bool:
    """True or false.

    Raises:
        RequestRejected: neither.
    """
    if value is None:
        return default
    if isinstance(value, str) and value.lower() in {"true", "false"}:
        return value.lower() == "true"
    if not isinstance(value, bool):
        raise RequestRejected(f"{param!r} must be true or false.", param=param, code="invalid_type")
    return value


def image(value: Any, param: str) -> bytes | None:
    """An encoded picture: an uploaded file or a `data:` URL, plain or in {"image_url": …}.

    Only its header is read. A URL is never fetched.

    Raises:
        RequestRejected: no JPEG, PNG or WebP, above 8 MiB, or above 4096 px a side.
    """
    if value is None:
        return None
    if isinstance(value, dict):
        value = value.get("image_url")
    if isinstance(value, str):
        value = _data_url(value, param)
    if not isinstance(value, bytes):
        raise RequestRejected(f"{param!r} must be an image.", param=param, code="invalid_type")
    if len(value) > MAX_REFERENCE_BYTES:
        raise RequestRejected(
            f"{param!r} is larger than {MAX_REFERENCE_BYTES} bytes.",
            param=param,
            code="file_too_large",
        )
    try:
        with Image.open(io.BytesIO(value), formats=IMAGE_FORMATS) as picture:
            longest_px = max(picture.size)
    except (UnidentifiedImageError, OSError, ValueError, Image.DecompressionBombError):
        raise RequestRejected(expected(param, "a JPEG, PNG or WebP image"), param=param) from None
    if longest_px > MAX_IMAGE_PX:
        raise RequestRejected(expected(param, f"at most {MAX_IMAGE_PX} px a side"), param=param)
    return value


def _data_url(value: str, param: str) -> bytes:
    head, _, encoded = value.partition(",")
    if not (encoded and head.startswith("data:") and head.endswith(";base64")):
        what = expected(param, "an uploaded file or a base64 data: URL")
        raise RequestRejected(what, param=param)
    try:
        return base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        raise RequestRejected(expected(param, "valid base64"), param=param) from None
