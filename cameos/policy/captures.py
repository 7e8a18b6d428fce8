"""What a capture may be before anybody decodes it: its size, its type, and its outermost form.

The outermost form is a list of boxes (MP4) or elements (WebM) that fill the file exactly. What has
anything before, between or after them is refused, so that no file is two things at once.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

BYTES_MAX = 25_000_000
BYTES_MIN = 1_000  # nothing smaller is three seconds of a face
PARTS_MAX = 512  # stored pieces of one capture
PIECE_BYTES_MAX = 4 * 1024 * 1024  # sealed at a time, so held in memory
SECONDS_MIN, SECONDS_MAX = 3, 20
MP4, WEBM = "mp4", "webm"
# As recorders name them; a parameter such as ";codecs=vp8" may follow.
TYPES = {"video/mp4": MP4, "video/quicktime": MP4, "video/webm": WEBM}
HEAD_BYTES = 12  # so many tell one container from the other

_BOXES = frozenset(
    b"ftyp moov moof mdat free skip wide uuid sidx styp ssix mfra meta emsg prft pdin udta".split()
)
_BOXES_MAX = 20_000
_EBML, _SEGMENT, _VOID = b"\x1a\x45\xdf\xa3", b"\x18\x53\x80\x67", 0xEC


def media_type(content_type: str) -> str:
    """Return a Content-Type without its parameters, in small letters."""
    return content_type.partition(";")[0].strip().lower()


def container_of(head: bytes) -> str | None:
    """Return which container a file of these first bytes is; None: neither of the two."""
    if head[4:8] == b"ftyp":
        return MP4
    return WEBM if head[:4] == _EBML else None


def is_well_formed(path: Path) -> bool:
    """Tell whether the file is one container from its first byte to its last; decodes nothing."""
    with path.open("rb") as stream:
        container = container_of(stream.read(HEAD_BYTES))
        stream.seek(0)
        size = os.fstat(stream.fileno()).st_size
        if container is None:
            return False
        try:
            parts = list(_boxes(stream, size) if container == MP4 else _elements(stream, size))
        except ValueError:
            return False
    if container == MP4:
        return parts[0] == b"ftyp" and b"moov" in parts and _BOXES.issuperset(parts)
    return parts[:2] == [_EBML, _SEGMENT] and len(parts) == 2


def _boxes(stream: BinaryIO, size: int) -> Iterator[bytes]:
    """Yield the types of the boxes that fill an MP4 file.

    Raises:
        ValueError: they do not fill it exactly, or are too many.
    """
    at = 0
    for _ in range(_BOXES_MAX):
        if at == size:
            return
        stream.seek(at)
        header = stream.read(16)
        if len(header) < 8:
            raise ValueError("bytes after the last box")
        length, least = int.from_bytes(header[:4], "big"), 8
        if length == 0:  # up to the end of the file
            length = size - at
        elif length == 1:
            length, least = int.from_bytes(header[8:16], "big"), 16
        if not least <= length <= size - at:
            raise ValueError("a box that does not fit")
        yield header[4:8]
        at += length
    raise ValueError("too many boxes")


def _elements(stream: BinaryIO, size: int) -> Iterator[bytes]:
    """Yield the ids of the elements that fill a WebM file, padding left out.

    Raises:
        ValueError: they do not fill it exactly, or are too many.
    """
    at = 0
    for _ in range(_BOXES_MAX):
        if at == size:
            return
        stream.seek(at)
        header = stream.read(HEAD_BYTES)
        id_length = _vint_length(header)
        number = header[id_length:]
        width = _vint_length(number)
        if len(number) < width:
            raise ValueError("cut off")
        value = int.from_bytes(number[:width], "big") & ((1 << (7 * width)) - 1)
        at += id_length + width
        # All ones: of unknown length, as a live recorder writes it; then it goes on to the end.
        value = size - at if value == (1 << (7 * width)) - 1 else value
        if value > size - at:
            raise ValueError("an element that does not fit")
        if header[0] != _VOID:
            yield header[:id_length]
        at += value
    raise ValueError("too many elements")


def _vint_length(header: bytes) -> int:
    """Return how many bytes a number of variable length takes, by its first one.

    Raises:
        ValueError: there is none, or it takes more than eight.
    """
    if not header or not header[0]:
        raise ValueError("not an element")
    return 9 - header[0].bit_length()
