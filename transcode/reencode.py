"""A plain re-encode, as a stranger would make: what is left of a clip after it was passed on."""

from pathlib import Path
from threading import Event

import ffmpeg

from transcode.ffmpeg import run
from transcode.probe import SAFE_INPUT

_TIMEOUT_SECONDS = 600.0


def reencode(
    source: Path,
    to: Path,
    *,
    size_px: tuple[int, int],
    crf: int,
    seconds: float | None = None,
    cancelled: Event | None = None,
) -> None:
    """Write the pictures of a video at another size and quality: x264 with its own defaults.

    Args:
        source: the video.
        to: the file to write, overwritten; its sound and metadata are left out.
        size_px: width and height of the copy, both even.
        crf: x264 constant rate factor, 0 (lossless) to 51.
        seconds: stop after so many; all of it by default.
        cancelled: stops the work when set.

    Raises:
        TranscodeError: ffmpeg failed, was cancelled, or ran out of time.
    """
    clip = ffmpeg.input(str(source), **SAFE_INPUT, **({"t": seconds} if seconds else {}))
    picture = clip.video.filter("scale", *size_px)
    graph = ffmpeg.output(picture, str(to), vcodec="libx264", pix_fmt="yuv420p", crf=crf)
    run(graph, timeout_seconds=_TIMEOUT_SECONDS, cancelled=cancelled)
