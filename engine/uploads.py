"""A film that a caller sends: what is let in, and what it is made into."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

from engine.contracts import EngineCapabilities, VideoRequest
from engine.errors import RequestRejected
from engine.footage import MAX_UPLOAD_SECONDS, UPLOAD_LIMITS, upright
from transcode.errors import NotAVideo
from transcode.probe import MediaInfo, opened_video, probe

CODECS = frozenset({"h264", "hevc", "vp8", "vp9", "av1", "libdav1d", "libaom-av1"})
_WHOLE_SECONDS = 0.05  # that a film may lack to its last whole second


@dataclass(frozen=True, slots=True)
class Upload:
    """A film that was let in; its sides as it is to be seen."""

    seconds: int  # whole ones; the rest is not used
    width_px: int
    height_px: int
    fps: float


def read_upload(data: bytes, param: str = "video") -> Upload:
    """Check a stranger's film: its bytes, size, length and codec, and that it can be decoded.

    Raises:
        RequestRejected: `file_too_large`, `video_unusable`, `unsupported_codec`, `video_too_short`
            or `video_too_long`.
    """
    if len(data) > UPLOAD_LIMITS.max_bytes:
        what = f"{param!r} is larger than {UPLOAD_LIMITS.max_bytes} bytes."
        raise RequestRejected(what, param=param, code="file_too_large")
    with tempfile.NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        try:
            return _looked_at(Path(file.name), param)
        except NotAVideo as error:
            what = f"{param!r} is no film that is taken here: {error}."
            raise RequestRejected(what, param=param, code="video_unusable") from None


def request_like(upload: Upload, limits: EngineCapabilities) -> VideoRequest:
    """What would have asked for such a film, as near as the engine's sizes and rates come.

    A size is near by its shape first, then by its width.
    """

    def distance(size: str) -> tuple[float, int]:
        width, height = (int(side) for side in size.split("x"))
        ratio = width * upload.height_px / (height * upload.width_px)
        return round(max(ratio, 1 / ratio), 2), abs(width - upload.width_px)

    return VideoRequest(
        prompt="",
        seconds=upload.seconds,
        size=min(limits.sizes, key=distance),
        model=limits.name,
        fps=min(limits.fps, key=lambda fps: abs(fps - upload.fps)),
        audio=limits.audio,
    )


def _looked_at(file: Path, param: str) -> Upload:
    # What the container states is checked before the first picture is decoded.
    info = probe(file, limits=UPLOAD_LIMITS)
    if info.video_codec not in CODECS:
        what = f"{param!r} is coded as {info.video_codec}; H.264, HEVC, VP9 and AV1 are taken."
        raise RequestRejected(what, param=param, code="unsupported_codec")
    seconds = _whole_seconds(info, param)
    with opened_video(file, UPLOAD_LIMITS) as (container, stream):
        first = next(container.decode(stream), None)
        if first is None:
            raise NotAVideo("no picture in the file can be decoded")
        height_px, width_px = upright(first).shape[:2]
    return Upload(seconds, width_px, height_px, info.fps)


def _whole_seconds(info: MediaInfo, param: str) -> int:
    seconds = int(info.seconds + _WHOLE_SECONDS)
    if seconds < 1:
        what = f"{param!r} is shorter than a second."
        raise RequestRejected(what, param=param, code="video_too_short")
    if seconds > MAX_UPLOAD_SECONDS:
        what = f"{param!r} is longer than {MAX_UPLOAD_SECONDS} seconds."
        raise RequestRejected(what, param=param, code="video_too_long")
    return seconds
