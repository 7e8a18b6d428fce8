"""Recordings of people's cameras: their facts, frames at a rate and sound, all within limits.

What phones and browsers write differs from what encoders write: browsers leave the length out of a
WebM, frame rates vary, phones lay pictures on their side and say so. So nothing here trusts a
length or rate in a header: decoding stops where a limit is met.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.container import InputContainer
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from transcode.containers import Container, whole_container
from transcode.errors import NoPictures, NotAVideo, OverLimit
from transcode.probe import MediaLimits, Picture, opened_video, picture_size

_THREADS = 2


@dataclass(frozen=True, slots=True)
class RecordingInfo:
    """What a recording's header declares."""

    container: Container
    width_px: int  # as coded: a phone's may be on its side
    height_px: int
    seconds: float  # as stated, or else from the first packet to the last
    video_codec: str
    audio_codec: str | None


def recording_info(path: Path, *, limits: MediaLimits) -> RecordingInfo:
    """Read a recording's header and hold it against the limits; nothing is decoded.

    Raises:
        OverLimit: the file or what it declares is too large.
        NoPictures: it holds no video stream.
        NotAVideo: it is not one whole MP4, MOV or WebM file.
    """
    if not path.is_file():
        raise NotAVideo("no file")
    if path.stat().st_size > limits.max_bytes:  # before a byte of it is read
        raise OverLimit(f"the file is larger than {limits.max_bytes} bytes", limit="bytes")
    kind = whole_container(path)
    with opened_video(path, limits) as (container, stream):
        width_px, height_px = picture_size(stream, limits)
        # The header's word, and where it has none that of the packets; decoding is limited anyway.
        declared = container.duration
        seconds = _packets_seconds(container) if declared is None else declared / av.time_base
        if seconds > limits.max_seconds:
            raise OverLimit(f"{seconds:.3f} s is outside the limits", limit="seconds")
        audio = container.streams.audio
        return RecordingInfo(
            container=kind,
            width_px=width_px,
            height_px=height_px,
            seconds=seconds,
            video_codec=stream.codec_context.codec.canonical_name,
            audio_codec=audio[0].codec_context.codec.canonical_name if audio else None,
        )


def _packets_seconds(container: InputContainer) -> float:
    stamps = [
        float(packet.pts * packet.time_base)
        for packet in container.demux()
        if packet.pts is not None and packet.time_base is not None
    ]
    return max(stamps, default=0.0) - min(stamps, default=0.0)


def frames_at_rate(
    path: Path, per_second: float, *, max_side_px: int, limits: MediaLimits
) -> Iterator[tuple[float, Picture]]:
    """Decode a recording once; yield frames `1 / per_second` s apart, upright.

    Yields:
        Pairs of (seconds from the first frame, RGB frame `HxWx3` uint8 of at most `max_side_px`).

    Raises:
        NotAVideo: damaged, or it has no time base.
        NoPictures: not one frame can be decoded.
        OverLimit: it is longer than the limits, whatever its header says.
    """
    with opened_video(path, limits) as (container, stream):
        picture_size(stream, limits)
        stream.codec_context.thread_count = _THREADS
        decoded = _timed(container.decode(stream), limits)
        due = 0
        seconds = -1.0
        for seconds, frame in decoded:
            if seconds * per_second >= due - 1e-6:
                due = int(seconds * per_second + 1e-6) + 1
                yield seconds, _upright(frame, max_side_px)
        if seconds < 0:
            raise NoPictures("no picture in the file can be decoded")


def _timed(frames: Iterator[VideoFrame], limits: MediaLimits) -> Iterator[tuple[float, VideoFrame]]:
    """Seconds since the first frame; frames without a time, or that go back, are left out.

    Raises:
        OverLimit: too many frames, or one too late.
    """
    first: float | None = None
    last = -1.0
    for count, frame in enumerate(frames):
        if count >= limits.max_decoded_frames:
            raise OverLimit(f"more than {limits.max_decoded_frames} frames", limit="frames")
        if frame.pts is None or frame.time_base is None:
            continue
        at = float(frame.pts * frame.time_base)
        first = at if first is None else first
        seconds = at - first
        if seconds > limits.max_seconds:
            raise OverLimit(f"longer than {limits.max_seconds} s", limit="seconds")
        if seconds > last:
            last = seconds
            yield seconds, frame


def _upright(frame: VideoFrame, max_side_px: int) -> Picture:
    scale = min(1.0, max_side_px / max(frame.width, frame.height))
    width_px, height_px = (max(2, round(side * scale)) for side in (frame.width, frame.height))
    picture = frame.to_ndarray(format="rgb24", width=width_px, height=height_px)
    quarter_turns = round(frame.rotation / 90) % 4  # counter-clockwise, as rot90 turns
    return np.ascontiguousarray(np.rot90(picture, quarter_turns)).astype(np.uint8, copy=False)


def mono_sound(path: Path, *, rate_hz: int, limits: MediaLimits) -> NDArray[np.int16] | None:
    """Decode a recording's first sound track to mono samples; None where there is none.

    Raises:
        NotAVideo: damaged.
        OverLimit: the sound is longer than the limits.
    """
    most = round(limits.max_seconds * rate_hz) + rate_hz  # encoders pad both ends a little
    parts: list[NDArray[np.int16]] = []
    with opened_video(path, limits) as (container, _):
        if not container.streams.audio:
            return None
        resampler = av.AudioResampler(format="s16", layout="mono", rate=rate_hz)
        for frame in container.decode(container.streams.audio[0]):
            parts += [_samples(each) for each in resampler.resample(frame)]
            most -= frame.samples * rate_hz // max(1, frame.sample_rate)
            if most < 0:
                raise OverLimit(f"sound longer than {limits.max_seconds} s", limit="seconds")
        parts += [_samples(each) for each in resampler.resample(None)]
    return np.concatenate([np.zeros(0, np.int16), *parts])


def _samples(frame: AudioFrame) -> NDArray[np.int16]:
    return frame.to_ndarray().astype(np.int16, copy=False).reshape(-1)
