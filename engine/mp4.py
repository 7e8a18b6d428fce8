"""Pictures and sound → an MP4 file, and small still images of one; the same for every engine."""

import wave
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import ffmpeg
import numpy as np
from numpy.typing import NDArray

from transcode.ffmpeg import run

ENCODE_SECONDS = 900.0  # an upper bound: the pictures come as slowly as the engine makes them
STILL_SECONDS = 30.0
SAMPLE_RATE_HZ = 48_000
FADE_SECONDS = 0.01
SOUND = {"c:a": "aac", "b:a": "160k"}
# The clip is encoded once more when it is marked, so this one stays close to the source, and is
# quick rather than small.
CRF, PRESET = 17, "superfast"


def write_mp4(
    to: Path,
    pictures: Iterable[NDArray[np.uint8]],
    *,
    size: tuple[int, int],
    fps: int,
    sound: NDArray[np.float32] | None,
) -> None:
    """Encode pictures (height, width, 3; RGB) and sound (samples, 2; 48 kHz) to H.264 and AAC.

    Writes beside `to` and moves the finished file there, so that `to` is whole or absent.

    Raises:
        TranscodeError: ffmpeg failed.
    """
    part, wav = to.with_suffix(".part.mp4"), to.with_suffix(".part.wav")
    video = ffmpeg.input(
        "pipe:0", format="rawvideo", pix_fmt="rgb24", s=f"{size[0]}x{size[1]}", framerate=fps
    ).filter("scale", out_color_matrix="bt709", out_range="tv")
    streams, options = [video], {}
    if sound is not None:
        _write_wav(wav, sound)
        streams.append(ffmpeg.input(str(wav)))
        options = SOUND
    graph = ffmpeg.output(
        *streams,
        str(part),
        **options,
        vcodec="libx264",
        preset=PRESET,
        crf=CRF,
        pix_fmt="yuv420p",
        colorspace="bt709",
        color_primaries="bt709",
        color_trc="bt709",
        color_range="tv",
        movflags="+faststart",
        map_metadata=-1,
    )
    try:
        run(graph, timeout_seconds=ENCODE_SECONDS, stdin=(p.tobytes() for p in pictures))
        part.replace(to)
    finally:
        part.unlink(missing_ok=True)
        wav.unlink(missing_ok=True)


def join_mp4s(
    to: Path, films: Sequence[tuple[Path, float]], *, has_sound: bool, is_faded: bool = False
) -> None:
    """Show films that `write_mp4` wrote at one size and rate one after the other.

    Pictures are copied as they are. Sound is decoded, cut to its film's length to the sample, and
    encoded once as a whole: AAC that is only copied has a gap at every joint.

    Args:
        to: the file to write, whole or not at all.
        films: each film and its length in seconds.
        has_sound: whether the films are heard; then all have sound.
        is_faded: whether sounds that break off at a joint are faded there, so that none clicks.

    Raises:
        TranscodeError: ffmpeg failed.
    """
    part, script = to.with_suffix(".part.mp4"), to.with_suffix(".part.txt")
    script.write_text("".join(f"file '{film.name}'\nduration {sec}\n" for film, sec in films))
    streams = [ffmpeg.input(str(script), f="concat")["v"]]
    options = {}
    if has_sound:
        heard = [
            ffmpeg.input(str(film))
            .audio.filter("apad", whole_dur=seconds)
            .filter("atrim", end=seconds)
            for film, seconds in films
        ]
        if is_faded:
            heard = _faded(heard, [seconds for _, seconds in films])
        streams.append(ffmpeg.concat(*heard, v=0, a=1))
        options = SOUND
    graph = ffmpeg.output(*streams, str(part), **options, vcodec="copy", movflags="+faststart")
    # A film begins at 0, its AAC's priming before that; ffmpeg would move pictures to start there.
    graph = graph.global_args("-copyts")
    try:
        run(graph, timeout_seconds=ENCODE_SECONDS)
        part.replace(to)
    finally:
        part.unlink(missing_ok=True)
        script.unlink(missing_ok=True)


def _faded(heard: list[Any], lengths: list[float]) -> list[Any]:
    """The sounds of films, silent for a moment at each joint."""
    last = len(heard) - 1
    for i, seconds in enumerate(lengths):
        if i > 0:
            heard[i] = heard[i].filter("afade", type="in", duration=FADE_SECONDS)
        if i < last:
            begins = seconds - FADE_SECONDS
            heard[i] = heard[i].filter("afade", type="out", st=begins, duration=FADE_SECONDS)
    return heard


def write_thumbnail(video: Path, to: Path, *, at_seconds: float) -> None:
    """Write one picture of the video as WebP.

    Raises:
        TranscodeError: ffmpeg failed.
    """
    part = to.with_suffix(f".part{to.suffix}")
    graph = ffmpeg.input(str(video), ss=at_seconds).output(str(part), vframes=1, quality=82)
    run(graph, timeout_seconds=STILL_SECONDS)
    part.replace(to)


def write_spritesheet(video: Path, to: Path, *, seconds: float, columns: int = 5) -> None:
    """Write `columns` by 2 pictures, evenly spaced over the video, as one JPEG; 160 px wide each.

    Raises:
        TranscodeError: ffmpeg failed.
    """
    part = to.with_suffix(f".part{to.suffix}")
    rate = columns * 2 / seconds
    graph = (
        ffmpeg.input(str(video))
        .filter("fps", fps=f"{rate:.6f}")
        .filter("scale", 160, -2)
        .filter("tile", f"{columns}x2")
        .output(str(part), vframes=1, **{"q:v": 4})
    )
    run(graph, timeout_seconds=STILL_SECONDS)
    part.replace(to)


def _write_wav(to: Path, sound: NDArray[np.float32]) -> None:
    with wave.open(str(to), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE_HZ)
        file.writeframes((np.clip(sound, -1.0, 1.0) * 32767.0).astype("<i2").tobytes())
