"""What a media file is, and a few of its frames; limits are checked before anything is decoded."""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

import av
import numpy as np
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from numpy.typing import NDArray

from transcode.errors import NoPictures, NotAVideo, OverLimit

# Two containers are enough for what people upload, and neither opens other files: a playlist or
# concat script would.
SAFE_INPUT = {"protocol_whitelist": "file", "format_whitelist": "mov,matroska"}
# x264 sets a keyframe every 250 frames at least: nearer targets are reached by decoding on.
_SEEK_AHEAD_SECONDS = 10.0
_PLANAR_YUV = frozenset({"yuv420p", "yuvj420p", "yuv422p", "yuv444p"})

_SKIP_FRAME: dict[str, Literal["DEFAULT", "NONREF", "NONKEY"]] = {
    "nothing": "DEFAULT",
    "unreferenced": "NONREF",
    "all but keyframes": "NONKEY",
}

Skipped: TypeAlias = Literal["nothing", "unreferenced", "all but keyframes"]
Picture: TypeAlias = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class MediaLimits:
    """The largest file that is opened; a larger one is refused before its first frame is read."""

    max_side_px: int = 4096
    max_pixels: int = 4096 * 2304
    max_seconds: float = 600.0
    max_fps: float = 240.0
    max_streams: int = 8
    max_bytes: int = 2 * 1024**3
    max_decoded_frames: int = 3000


@dataclass(frozen=True, slots=True)
class MediaInfo:
    """A video's facts as its container states them. `frames` is an estimate where it does not."""

    width_px: int
    height_px: int
    seconds: float
    fps: float
    frames: int
    has_audio: bool
    video_codec: str
    audio_codec: str | None


DEFAULT_LIMITS = MediaLimits()


def probe(path: Path, *, limits: MediaLimits = DEFAULT_LIMITS) -> MediaInfo:
    """Read a video's size, length and streams without decoding it.

    Raises:
        NotAVideo: not media or damaged headers; `NoPictures` and `OverLimit` are such.
    """
    with opened_video(path, limits) as (container, stream):
        return _info(container, stream, limits)


def sample_frames(
    path: Path, count: int, *, limits: MediaLimits = DEFAULT_LIMITS
) -> list[tuple[float, Picture]]:
    """Decode up to `count` frames spread evenly over a video, in order of time.

    Returns:
        Pairs of (seconds from the start, RGB frame `HxWx3` uint8). Fewer than `count` when the
        video has fewer frames; at least one.

    Raises:
        NotAVideo: as `probe`, or nothing in it can be decoded.
    """
    return _sample(path, count, _rgb, limits)


def walk_frames(
    path: Path, *, per_second: float, most: int, limits: MediaLimits = DEFAULT_LIMITS
) -> Iterator[tuple[float, Picture]]:
    """Decode so many frames a second of a video, at most `most`, and hold one at a time in memory.

    Yields:
        Pairs of (seconds from the start, RGB frame `HxWx3` uint8), in order of time.

    Raises:
        NotAVideo: as `sample_frames`, also in the midst.
    """
    is_empty = True
    with opened_video(path, limits) as (container, stream):
        info = _info(container, stream, limits)
        count = max(1, min(most, math.ceil(info.seconds * per_second)))
        for seconds, frame in _pick(container, stream, _targets(info, count, 0.5), limits):
            is_empty = False
            yield seconds, _rgb(frame)
    if is_empty:
        raise NotAVideo("no picture in the file can be decoded")


def sample_luma(
    path: Path,
    count: int,
    *,
    skip: Skipped = "nothing",
    limits: MediaLimits = DEFAULT_LIMITS,
) -> list[Picture]:
    """Decode the luma planes (`HxW` uint8, as coded) of up to `count` frames spread over a video.

    What is skipped is never decoded. Skipping `unreferenced` frames halves the cost and still
    leaves the spread; `all but keyframes` leaves few, which encoders spend most on.

    Raises:
        NotAVideo: as `sample_frames`.
    """
    samples = _sample(path, count, _luma, limits, skip=skip)
    return [plane for _, plane in samples]


def _sample(
    path: Path,
    count: int,
    convert: Callable[[VideoFrame], Picture],
    limits: MediaLimits,
    *,
    skip: Skipped = "nothing",
) -> list[tuple[float, Picture]]:
    with opened_video(path, limits) as (container, stream):
        info = _info(container, stream, limits)
        stream.codec_context.skip_frame = _SKIP_FRAME[skip]
        # The first frame is always a keyframe; others are best seen mid-way.
        first_share = 0.0 if skip == "all but keyframes" else 0.5
        targets = _targets(info, count, first_share)
        picked = _pick(container, stream, targets, limits)
        samples = [(seconds, convert(frame)) for seconds, frame in picked]
    if not samples:
        raise NotAVideo("no picture in the file can be decoded")
    return samples


def _targets(info: MediaInfo, count: int, first_share: float) -> list[float]:
    """Return the seconds of `count` frames; each is mid-way in its part by a share of .5."""
    half_frame = 0.5 / info.fps  # `_pick` takes the first frame after: round to the nearest
    last = max(0.0, info.seconds - 3 * half_frame)
    return [
        min(info.seconds * (index + first_share) / count - half_frame, last)
        for index in range(count)
    ]


def _rgb(frame: VideoFrame) -> Picture:
    return frame.to_ndarray(format="rgb24").astype(np.uint8, copy=False)


def _luma(frame: VideoFrame) -> Picture:
    if frame.format.name not in _PLANAR_YUV:
        frame = frame.reformat(format="yuv420p")
    plane = frame.planes[0]
    rows: Picture = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
    return rows[: frame.height, : frame.width].copy()


@contextmanager
def opened_video(path: Path, limits: MediaLimits) -> Iterator[tuple[InputContainer, VideoStream]]:
    """Open a file's first video stream for decoding within limits; hostile bytes are expected.

    Raises:
        NotAVideo: also for what goes wrong while the caller decodes.
        NoPictures: there is no video stream.
        OverLimit: the file is too large, or holds too many streams.
    """
    if not path.is_file():
        raise NotAVideo("no file")
    if path.stat().st_size > limits.max_bytes:
        raise OverLimit(f"the file is larger than {limits.max_bytes} bytes", limit="bytes")
    try:
        with av.open(str(path), mode="r", options=SAFE_INPUT) as container:
            if len(container.streams) > limits.max_streams:
                raise OverLimit(f"more than {limits.max_streams} streams", limit="streams")
            if not container.streams.video:
                raise NoPictures("the file holds no pictures")
            stream = container.streams.video[0]
            # A stream may change its size after the header said a small one.
            stream.codec_context.options = {"max_pixels": str(limits.max_pixels)}
            yield container, stream
    except (av.FFmpegError, ValueError, MemoryError, OverflowError) as error:
        raise NotAVideo(f"not a video that can be read: {error}") from error


def _info(container: InputContainer, stream: VideoStream, limits: MediaLimits) -> MediaInfo:
    width_px, height_px = picture_size(stream, limits)
    fps = float(stream.average_rate or stream.guessed_rate or 0)
    seconds = _length_seconds(container, stream)
    if not (0 < fps <= limits.max_fps and 0 < seconds <= limits.max_seconds):
        raise NotAVideo(f"{seconds:.3f} s at {fps:.3f} frames a second is outside the limits")
    audio = container.streams.audio
    return MediaInfo(
        width_px=width_px,
        height_px=height_px,
        seconds=seconds,
        fps=fps,
        frames=stream.frames or max(1, round(seconds * fps)),
        has_audio=bool(audio),
        video_codec=stream.codec_context.name,
        audio_codec=audio[0].codec_context.name if audio else None,
    )


def picture_size(stream: VideoStream, limits: MediaLimits) -> tuple[int, int]:
    """Return the width and height of a stream's pictures in px, as coded (not turned upright).

    Raises:
        NotAVideo: the header states none.
        OverLimit: they are too large.
    """
    width_px, height_px = stream.codec_context.width, stream.codec_context.height
    if min(width_px, height_px) <= 0:
        raise NotAVideo("the header states no picture size")
    too_long = max(width_px, height_px) > limits.max_side_px
    if too_long or width_px * height_px > limits.max_pixels:
        raise OverLimit(f"{width_px}x{height_px} px is outside the limits", limit="pixels")
    return width_px, height_px


def _length_seconds(container: InputContainer, stream: VideoStream) -> float:
    if stream.duration is not None and stream.time_base is not None:
        return float(stream.duration * stream.time_base)
    return (container.duration or 0) / av.time_base


def _pick(
    container: InputContainer,
    stream: VideoStream,
    targets_seconds: list[float],
    limits: MediaLimits,
) -> Iterator[tuple[float, VideoFrame]]:
    """Yield the first frame at or after each target, decoding each frame at most once.

    Raises:
        NotAVideo: the stream states no time base.
    """
    budget = limits.max_decoded_frames
    start = stream.start_time or 0
    time_base = stream.time_base
    if time_base is None:
        raise NotAVideo("the video states no time base")
    frames = container.decode(stream)
    position_seconds = 0.0
    for target in targets_seconds:
        if target - position_seconds > _SEEK_AHEAD_SECONDS:
            container.seek(start + int(target / time_base), stream=stream)
            frames = container.decode(stream)
        for frame in frames:
            budget -= 1
            if budget < 0:
                return
            if frame.pts is None:
                continue
            position_seconds = float((frame.pts - start) * time_base)
            if position_seconds >= target - 1e-6:
                yield position_seconds, frame
                break
