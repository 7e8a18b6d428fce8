"""What a capture may be as it comes in; what is in it, a worker's sandbox finds out."""

from __future__ import annotations

BYTES_MAX = 25_000_000
BYTES_MIN = 1_000  # nothing smaller is three seconds of a face
PARTS_MAX = 512  # stored pieces of one capture
PIECE_BYTES_MAX = 4 * 1024 * 1024  # sealed at a time, so held in memory
SECONDS_MIN, SECONDS_MAX = 3, 20
MP4, WEBM = "mp4", "webm"
# As recorders name them; a parameter such as ";codecs=vp8" may follow.
TYPES = {"video/mp4": MP4, "video/quicktime": MP4, "video/webm": WEBM}
HEAD_BYTES = 12  # so many tell one container from the other

_EBML = b"\x1a\x45\xdf\xa3"


def media_type(content_type: str) -> str:
    """Return a Content-Type without its parameters, in small letters."""
    return content_type.partition(";")[0].strip().lower()


def container_of(head: bytes) -> str | None:
    """Return which container a file of these first bytes is; None: neither of the two."""
    if head[4:8] == b"ftyp":
        return MP4
    return WEBM if head[:4] == _EBML else None
