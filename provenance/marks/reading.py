"""Reading the invisible mark out of files."""

from pathlib import Path

import numpy as np
from PIL import Image

from provenance.marks.invisible import InvisibleMark, read_mark
from transcode.probe import DEFAULT_LIMITS, MediaLimits, sample_luma

_KEYFRAMES = 8
_FRAMES = 48


def read_video_mark(
    path: Path, key: bytes, *, is_copy: bool, limits: MediaLimits = DEFAULT_LIMITS
) -> InvisibleMark | None:
    """Read the id in a video: from a few keyframes if it is clear there, else 48 frames as well.

    Args:
        path: the video.
        key: the deployment's watermark key.
        is_copy: also search for crops and mirror images (see `read_mark`).
        limits: what is refused.

    Raises:
        NotAVideo: the file cannot be decoded or is over a limit.
    """
    keyframes = sample_luma(path, _KEYFRAMES, skip="all but keyframes", limits=limits)
    mark = read_mark(keyframes, key, is_copy=False)
    if mark is not None and mark.is_clear:
        return mark
    frames = sample_luma(path, _FRAMES, skip="unreferenced", limits=limits)
    return read_mark(frames, key, keyframes=keyframes, is_copy=is_copy) or mark


def read_image_mark(image: Image.Image, key: bytes) -> InvisibleMark | None:
    """Read the id in a single picture, such as a poster or a screenshot; busy ones often fail."""
    return read_mark([np.asarray(image.convert("L"))], key)
