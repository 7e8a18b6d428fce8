"""What is in an MP4, by decoding all of it."""

import hashlib
import io
from dataclasses import dataclass

import av


@dataclass(frozen=True, slots=True)
class Clip:
    """A decoded video."""

    width_px: int
    height_px: int
    frames: int
    rate: float  # frames a second
    sound_seconds: float  # 0: there is no sound
    pictures_sha256: str


def read_clip(data: bytes) -> Clip:
    """Decode an MP4.

    Raises:
        ValueError: it is none, or does not decode.
    """
    try:
        with av.open(io.BytesIO(data), mode="r", format="mp4") as file:
            if not file.streams.video:
                raise ValueError("no pictures in it")
            digest, frames = hashlib.sha256(), 0
            stream = file.streams.video[0]
            for frame in file.decode(stream):
                digest.update(frame.to_ndarray(format="rgb24").tobytes())
                frames += 1
            width, height = stream.width, stream.height
            rate = float(stream.average_rate or 0)
        sound = _sound_seconds(data)
    except av.FFmpegError as error:
        raise ValueError(str(error)) from error
    return Clip(width, height, frames, rate, sound, digest.hexdigest())


def _sound_seconds(data: bytes) -> float:
    with av.open(io.BytesIO(data), mode="r", format="mp4") as file:
        if not file.streams.audio:
            return 0.0
        lengths = [frame.samples / frame.sample_rate for frame in file.decode(audio=0)]
    return float(sum(lengths))
