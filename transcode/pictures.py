"""Still pictures that people send: told by their content, bounded before decoding, drawn anew.

Nothing of the file that came is kept but its pixels: no metadata, no comment, no second file that
hides behind or inside of the picture.
"""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from transcode.errors import NotAPicture

Picture: TypeAlias = NDArray[np.uint8]

_BEGINNINGS: Final = {"JPEG": b"\xff\xd8\xff", "PNG": b"\x89PNG\r\n\x1a\n", "WEBP": b"RIFF"}
# What makes a picture another file too. An archive is read from its end, a PDF from its first
# kilobyte, scripts from anywhere. A second picture behind the first (depth, brightness) is common.
_ARCHIVE_END: Final = b"pk\x05\x06"
_ARCHIVE_END_BYTES: Final = 22 + 65_535
_PDF: Final = b"%pdf-"
_PDF_BYTES: Final = 1024
_ANYWHERE: Final = (
    *(b"<?php", b"<script", b"<!doctype html", b"<html"),
    *(b"rar!\x1a\x07", b"7z\xbc\xaf\x27\x1c"),
)
_JPEG_QUALITY: Final = 92
_UNREADABLE: Final = (
    OSError,  # UnidentifiedImageError among them
    ValueError,
    SyntaxError,
    EOFError,
    OverflowError,
    MemoryError,
    IndexError,
    KeyError,
    TypeError,
    struct.error,
)
_BOMBS: Final = (Image.DecompressionBombError, Image.DecompressionBombWarning)


@dataclass(frozen=True, slots=True)
class PictureLimits:
    """The largest picture that is decoded, and how large it is kept."""

    max_bytes: int = 8 * 1024 * 1024
    max_pixels: int = 40_000_000
    max_side_px: int = 12_000
    min_side_px: int = 64
    # As a PNG without any redundancy such a square is 7 MB: what engines take at most is 8 MiB.
    kept_side_px: int = 1536


@dataclass(frozen=True, slots=True)
class CleanPicture:
    """A picture drawn anew."""

    jpeg: bytes
    width_px: int
    height_px: int


DEFAULT_LIMITS = PictureLimits()


def clean_picture(data: bytes, *, limits: PictureLimits = DEFAULT_LIMITS) -> CleanPicture:
    """Return a JPEG of what a file shows: upright, on white, at most 1536 px a side, nothing else.

    Costs up to 0.5 s of one core and 160 MB at the limits; of an animation the first picture is
    taken.

    Raises:
        NotAPicture: it is no JPEG, PNG or WebP, is damaged or over a limit, or is another file too.
    """
    if len(data) > limits.max_bytes:
        raise NotAPicture("too_large", f"larger than {limits.max_bytes} bytes")
    kind = _kind(data)
    if _is_more(data):
        raise NotAPicture("more_than_a_picture", "another file hides in it")
    try:
        with Image.open(io.BytesIO(data), formats=[kind]) as opened:
            _check_size(opened.size, limits)
            # Only JPEG can do it: the decoder leaves out detail that would be scaled away.
            opened.draft("RGB", (limits.kept_side_px, limits.kept_side_px))
            upright = ImageOps.exif_transpose(opened)
            drawn = _on_white(upright)
    except _BOMBS as error:
        raise NotAPicture("too_large", str(error)) from error
    except _UNREADABLE as error:
        raise NotAPicture("unreadable", str(error)) from error
    drawn.thumbnail((limits.kept_side_px, limits.kept_side_px), Image.Resampling.LANCZOS)
    file = io.BytesIO()
    drawn.save(file, "JPEG", quality=_JPEG_QUALITY, subsampling=0)
    return CleanPicture(file.getvalue(), *drawn.size)


def decode(jpeg: bytes) -> Picture:
    """Return the pixels of a picture that `clean_picture` made: RGB, uint8, [height, width, 3]."""
    with Image.open(io.BytesIO(jpeg), formats=["JPEG"]) as opened:
        return np.asarray(opened.convert("RGB"))


def as_png(jpeg: bytes) -> bytes:
    """Return a picture that `clean_picture` made as a PNG of at most 8 MiB: every engine's kind."""
    file = io.BytesIO()
    Image.fromarray(decode(jpeg)).save(file, "PNG", compress_level=4)
    return file.getvalue()


def _kind(data: bytes) -> str:
    for kind, beginning in _BEGINNINGS.items():
        if data.startswith(beginning) and (kind != "WEBP" or data[8:12] == b"WEBP"):
            return kind
    raise NotAPicture("unreadable", "neither JPEG, PNG nor WebP")


def _is_more(data: bytes) -> bool:
    lower = data.lower()
    return (
        _ARCHIVE_END in lower[-_ARCHIVE_END_BYTES:]
        or _PDF in lower[:_PDF_BYTES]
        or any(sign in lower for sign in _ANYWHERE)
    )


def _check_size(size: tuple[int, int], limits: PictureLimits) -> None:
    width_px, height_px = size
    if max(size) > limits.max_side_px or width_px * height_px > limits.max_pixels:
        raise NotAPicture("too_large", f"{width_px}x{height_px} px")
    if min(size) < limits.min_side_px:
        raise NotAPicture("too_small", f"{width_px}x{height_px} px")


def _on_white(image: Image.Image) -> Image.Image:
    """Return the pixels alone: a new image has none of the old one's comments and profiles."""
    paper = Image.new("RGB", image.size, "white")
    if image.has_transparency_data:
        ink = image.convert("RGBA")
        paper.paste(ink, mask=ink.getchannel("A"))
    else:
        paper.paste(image.convert("RGB"))
    return paper
