"""Was this file made here? Manifest and invisible mark of a stranger's upload, within limits."""

import struct
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from PIL import Image

from provenance.errors import UnreadableMedia
from provenance.marker import Marker
from provenance.marks.invisible import InvisibleMark
from provenance.marks.reading import read_image_mark, read_video_mark
from provenance.signing import ManifestState, read_manifest
from transcode.errors import NotAVideo
from transcode.probe import MediaLimits

# An upload is a stranger's: less is decoded of it than of our own files.
UPLOAD_LIMITS = MediaLimits(
    max_side_px=3840,
    max_pixels=3840 * 2160,
    max_seconds=180.0,
    max_fps=120.0,
    max_bytes=256 * 1024**2,
    max_decoded_frames=720,
)
_SIGNATURES = ((b"\xff\xd8\xff", "image/jpeg"), (b"\x89PNG\r\n\x1a\n", "image/png"))
# What Pillow is known to raise on damaged pictures.
_PICTURE_ERRORS = (
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,
    OSError,
    ValueError,
    SyntaxError,
    EOFError,
    MemoryError,
    OverflowError,
    KeyError,
    IndexError,
    TypeError,
    struct.error,
    zlib.error,
)


@dataclass(frozen=True, slots=True)
class Verification:
    """What a file says of itself, and what its pixels say.

    `ingredients` counts the clips that the manifest says it was made from. `clip_id` is the
    manifest's, and only given when the manifest is trusted. `mark_confidence` is the z-score of
    the invisible mark's sync peak: 6 or more, about 18 for an untouched clip.
    """

    media_kind: Literal["video", "image"]
    manifest: ManifestState
    problems: tuple[str, ...]
    ingredients: int
    clip_id: str | None
    mark_id: int | None
    mark_confidence: float | None


def verify_file(path: Path, marker: Marker, *, limits: MediaLimits = UPLOAD_LIMITS) -> Verification:
    """Check the manifest and read the invisible mark of an MP4, fragmented MP4, JPEG or PNG.

    The kind is told by the bytes, not by the name. Nothing is fetched from the network.

    Raises:
        UnreadableMedia: no such media, damaged so that no picture can be decoded, or over a limit.
    """
    mime_type = _mime_type(path, limits)
    if mime_type == "video/mp4":
        mark = _video_mark(path, marker, limits)
    else:
        mark = _image_mark(path, marker, limits)
    reading = read_manifest(path, mime_type, marker)
    clip_id = reading.clip.get("clip_id") if reading.state == "trusted" else None
    return Verification(
        media_kind="video" if mime_type == "video/mp4" else "image",
        manifest=reading.state,
        problems=reading.problems,
        ingredients=reading.ingredients,
        clip_id=clip_id,
        mark_id=mark.mark_id if mark else None,
        mark_confidence=round(mark.z_score, 1) if mark else None,
    )


def _mime_type(path: Path, limits: MediaLimits) -> str:
    if path.stat().st_size > limits.max_bytes:
        raise UnreadableMedia(f"the file is larger than {limits.max_bytes} bytes")
    with path.open("rb") as file:
        start = file.read(16)
    if start[4:8] == b"ftyp":
        return "video/mp4"
    for signature, mime_type in _SIGNATURES:
        if start.startswith(signature):
            return mime_type
    raise UnreadableMedia("the file is no MP4, JPEG or PNG")


def _video_mark(path: Path, marker: Marker, limits: MediaLimits) -> InvisibleMark | None:
    try:
        return read_video_mark(path, marker.watermark_key, is_copy=True, limits=limits)
    except NotAVideo as error:
        raise UnreadableMedia(str(error)) from error


def _image_mark(path: Path, marker: Marker, limits: MediaLimits) -> InvisibleMark | None:
    try:
        with Image.open(path, formats=("JPEG", "PNG")) as image:
            width_px, height_px = image.size
            if max(image.size) > limits.max_side_px or width_px * height_px > limits.max_pixels:
                raise UnreadableMedia(f"picture size {width_px}x{height_px} is over the limit")
            return read_image_mark(image, marker.watermark_key)
    except _PICTURE_ERRORS as error:
        raise UnreadableMedia(f"the picture cannot be decoded: {error}") from error
