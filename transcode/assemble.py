"""Films of any source → one film of an exact size, rate and length."""

import io
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from threading import Event
from typing import Any

import ffmpeg
from PIL import Image

from transcode.errors import NotAVideo
from transcode.ffmpeg import run
from transcode.probe import DEFAULT_LIMITS, SAFE_INPUT, opened_video, probe

_TIMEOUT_SECONDS = 600.0
# It is encoded once more when it is marked: near to the source, and quick rather than small.
_PICTURE = {"vcodec": "libx264", "preset": "superfast", "crf": 17, "pix_fmt": "yuv420p"}
_SOUND = {"acodec": "aac", "audio_bitrate": "160k", "ar": 48_000, "ac": 2}
_FADE_SECONDS = 0.015  # at both sides of a joint, or the step between two waves is a click


@dataclass(frozen=True, slots=True)
class Piece:
    """A film and how much of it is shown, after so many of its first frames."""

    path: Path
    seconds: float
    skipped_frames: int = 0


def assemble(
    pieces: Sequence[Piece],
    to: Path,
    *,
    size_px: tuple[int, int],
    fps: int,
    has_sound: bool,
    cancelled: Event | None = None,
) -> None:
    """Show pieces one after the other, each cut about its middle and to its length.

    A piece that is smaller is enlarged, one that is too short holds its last picture, one without
    sound is silent.

    Args:
        pieces: what is shown.
        to: the MP4 to write, whole or not at all.
        size_px: width and height.
        fps: frames a second.
        has_sound: whether the film has a sound track.
        cancelled: stops the work when set.

    Raises:
        NotAVideo: a piece is no video, or over a limit.
        TranscodeError: ffmpeg failed, was cancelled, or ran out of time.
    """
    streams: list[Any] = []
    for number, piece in enumerate(pieces):
        info = probe(piece.path)
        source = ffmpeg.input(str(piece.path), **SAFE_INPUT)
        streams.append(_picture(source.video, piece, size_px, fps))
        if has_sound:
            heard = source.audio if info.has_audio else _silence(number)
            fades = [("in", number > 0), ("out", number < len(pieces) - 1)]
            streams.append(_sound(heard, piece, fps, [way for way, is_joint in fades if is_joint]))
    joined = ffmpeg.concat(*streams, n=len(pieces), v=1, a=int(has_sound)).node
    outputs = [joined[index] for index in range(2 if has_sound else 1)]
    part = to.with_name(f"{to.stem}.part.mp4")
    options = {**_PICTURE, **(_SOUND if has_sound else {}), "movflags": "+faststart"}
    graph = ffmpeg.output(*outputs, str(part), map_metadata=-1, **options)
    try:
        run(graph, timeout_seconds=_TIMEOUT_SECONDS, cancelled=cancelled)
        part.replace(to)
    finally:
        part.unlink(missing_ok=True)


def last_picture(film: Path) -> bytes:
    """The last picture of a film, as PNG: what a film that goes on from it begins with.

    Raises:
        NotAVideo: it is no video, or over a limit.
    """
    with opened_video(film, DEFAULT_LIMITS) as (container, stream):
        if stream.duration:
            container.seek(stream.duration, stream=stream)  # to the last keyframe
        frames = islice(container.decode(stream), DEFAULT_LIMITS.max_decoded_frames)
        last = deque(frames, maxlen=1)
    if not last:
        raise NotAVideo("no picture in the file can be decoded")
    encoded = io.BytesIO()
    Image.fromarray(last[0].to_ndarray(format="rgb24")).save(encoded, "PNG")
    return encoded.getvalue()


def _picture(video: Any, piece: Piece, size_px: tuple[int, int], fps: int) -> Any:
    width_px, height_px = size_px
    frames = round(piece.seconds * fps)
    # Only what is too small grows; of what is larger, the middle is shown as it is.
    growth = f"max(1,max({width_px}/iw,{height_px}/ih))"
    return (
        video.filter("trim", start_frame=piece.skipped_frames)
        .filter("setpts", "PTS-STARTPTS")
        .filter("fps", fps)
        .filter("scale", f"ceil(iw*{growth}/2)*2", f"ceil(ih*{growth}/2)*2")
        .filter("crop", width_px, height_px)
        .filter("setsar", 1)
        .filter("tpad", stop_mode="clone", stop=frames)
        .filter("trim", end_frame=frames)
    )


def _sound(heard: Any, piece: Piece, fps: int, fades: Sequence[str]) -> Any:
    sound = (
        heard.filter("aresample", 48_000)
        .filter("aformat", channel_layouts="stereo")
        .filter("atrim", start=piece.skipped_frames / fps)
        .filter("asetpts", "PTS-STARTPTS")
        .filter("apad", whole_dur=piece.seconds)
        .filter("atrim", end=piece.seconds)
    )
    starts = {"in": 0.0, "out": max(0.0, piece.seconds - _FADE_SECONDS)}
    for way in fades:
        sound = sound.filter("afade", t=way, st=starts[way], d=_FADE_SECONDS)
    return sound


def _silence(number: int) -> Any:
    # ffmpeg-python takes equal inputs for one, and one cannot be used twice: they differ in `n`.
    return ffmpeg.input(f"anullsrc=r=48000:cl=stereo:n={1024 + number}", f="lavfi").audio
