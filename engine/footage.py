"""Films as frames and sound: a stranger's file made one of ours, and what an engine reads of it."""

from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from pathlib import Path

import av
import numpy as np
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from engine.contracts import VideoRequest
from engine.errors import EngineError, RenderCancelled
from engine.mp4 import SAMPLE_RATE_HZ, write_mp4
from transcode.errors import NotAVideo
from transcode.probe import SAFE_INPUT, MediaLimits, opened_video

Frames = NDArray[np.uint8]  # (frames, height, width, 3), RGB
Sound = NDArray[np.float32]  # (samples, 2), 48 kHz
MAX_UPLOAD_SECONDS = 60
UPLOAD_LIMITS = MediaLimits(max_fps=120.0, max_bytes=64 * 1024 * 1024)
_ROUNDING_SECONDS = 1e-3  # containers round times, Matroska to the millisecond


def conform(
    upload: Path, to: Path, like: VideoRequest, *, seconds: int, is_cancelled: Callable[[], bool]
) -> None:
    """Write a stranger's film as `write_mp4` writes ours: of the request's size, rate and sound.

    Pictures are scaled and cut about their middle; each is shown until the next is due.

    Args:
        upload: the file, which `engine.uploads` has let in.
        to: the file to write, whole or not at all.
        like: whose size, rate and wish for sound it gets; a silent file gets silence.
        seconds: its length; what is longer is cut.
        is_cancelled: asked for every frame.

    Raises:
        RenderCancelled: `is_cancelled` answered true.
        EngineError: `video_unusable`: it cannot be decoded.
        TranscodeError: ffmpeg failed.
    """
    size = (like.width_px, like.height_px)

    def watched() -> Iterator[Frames]:
        for picture in _shown(upload, seconds * like.fps, like.fps, size):
            if is_cancelled():
                raise RenderCancelled("the caller no longer wants this clip")
            yield picture

    try:
        sound = _heard(upload, seconds) if like.audio else None
        write_mp4(to, watched(), size=size, fps=like.fps, sound=sound)
    except NotAVideo as error:
        raise EngineError(f"The film cannot be decoded: {error}.", code="video_unusable") from error


def count_frames(film: Path) -> int:
    """How many frames a film has that `write_mp4` wrote."""
    with av.open(str(film), options=SAFE_INPUT) as container:
        return container.streams.video[0].frames


def read_frames(film: Path, numbers: Sequence[int]) -> Frames:
    """Decode frames of a film that `write_mp4` wrote; its last stands for those behind its end.

    Args:
        film: the file.
        numbers: of the frames, from 0, rising.
    """
    wanted = set(numbers)
    kept: list[Frames] = []
    with av.open(str(film), options=SAFE_INPUT) as container:
        for number, shown in enumerate(container.decode(video=0)):
            if number in wanted:
                kept.append(_rgb(shown))
            if number == numbers[-1]:
                break
        if len(kept) < len(numbers):
            kept += [_rgb(shown)] * (len(numbers) - len(kept))
    return np.stack(kept)


def upright(frame: VideoFrame) -> Frames:
    """A frame as it is to be seen: phones film sideways and write so beside the pictures."""
    return _turned(_rgb(frame), frame.rotation)


def _shown(film: Path, count: int, fps: int, size: tuple[int, int]) -> Iterator[Frames]:
    """`count` pictures at a steady rate.

    Raises:
        NotAVideo: nothing in it can be decoded.
    """
    picture: Frames | None = None
    made = 0
    with opened_video(film, UPLOAD_LIMITS) as (container, stream):
        begins = float((stream.start_time or 0) * (stream.time_base or 0))
        for frame in container.decode(stream):
            due = ((frame.time or 0.0) - begins - _ROUNDING_SECONDS) * fps
            while picture is not None and made < min(due, count):
                yield picture
                made += 1
            if made >= count:
                return
            picture = _fitted(frame, size)
    if picture is None:
        raise NotAVideo("no picture in the file can be decoded")
    for _ in range(made, count):
        yield picture


def _heard(film: Path, seconds: int) -> Sound:
    sound = np.zeros((seconds * SAMPLE_RATE_HZ, 2), np.float32)
    with opened_video(film, UPLOAD_LIMITS) as (container, _):
        if not container.streams.audio:
            return sound
        resampler = av.AudioResampler(format="fltp", layout="stereo", rate=SAMPLE_RATE_HZ)
        position: int | None = None
        for frame in chain(container.decode(container.streams.audio[0]), [None]):
            if position is None:
                begins = frame.time if frame is not None and frame.time else 0.0
                position = max(0, round(begins * SAMPLE_RATE_HZ))
            for part in resampler.resample(frame):
                heard = part.to_ndarray().T[: max(0, len(sound) - position)]
                sound[position : position + len(heard)] = heard
                position += len(heard)
            if position >= len(sound):
                break
    return sound


def _fitted(frame: VideoFrame, size: tuple[int, int]) -> Frames:
    """The frame, upright, scaled and cut about its middle to `size` (width, height in px)."""
    width, height = size if frame.rotation % 180 == 0 else size[::-1]
    scale = max(width / frame.width, height / frame.height)
    wide, high = max(width, round(scale * frame.width)), max(height, round(scale * frame.height))
    scaled = frame.reformat(width=wide, height=high, interpolation="AREA")
    top, left = (high - height) // 2, (wide - width) // 2
    pixels = _rgb(scaled)[top : top + height, left : left + width]
    return np.ascontiguousarray(_turned(pixels, frame.rotation))


def _turned(pixels: Frames, degrees: int) -> Frames:
    return np.rot90(pixels, k=round(degrees / 90) % 4)


def _rgb(frame: VideoFrame) -> Frames:
    return frame.to_ndarray(format="rgb24").astype(np.uint8, copy=False)
