"""Verification of a capture in its sandbox, beside decoding the same file and nothing else.

    python -m benchmarks.liveness [--rounds 3] [--seconds 8]

The capture is a synthetic one of a public-domain portrait, laid on 720x1280 px at 30 frames a
second as a phone records it. Bare decoding reads every picture and every sample of it in the same
rounds. Goal: an 8-s capture within 10 s on two cores.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import tempfile
from pathlib import Path

import av
import ffmpeg

from benchmarks.finishing import cost
from perception.faces import default_pack
from perception.liveness import CaptureReport, Challenge, verify_sandboxed
from tests import captures
from transcode.ffmpeg import run

CHALLENGE = Challenge((3, 9, 5), ("left", "right", "left"))
SIZE = "720x1280"


def phone_capture(folder: Path, seconds: float) -> Path:
    """Write a capture of so many seconds as a phone would: the small one, enlarged."""
    small, path = captures.genuine(CHALLENGE), folder / "phone.mp4"
    clip = ffmpeg.input(str(small))
    width, height = SIZE.split("x")
    video = clip.video.filter("scale", width, height, force_original_aspect_ratio="increase")
    video = (
        video.filter("crop", width, height)
        .filter("fps", 30)
        .filter("tpad", stop=-1, stop_mode="clone")
    )
    sound = clip.audio.filter("apad")
    graph = ffmpeg.output(
        video, sound, str(path), t=seconds, vcodec="libx264", preset="veryfast", acodec="aac"
    )
    run(graph, timeout_seconds=120)
    return path


def decode(path: Path) -> None:
    """Decode every picture and all the sound."""
    with av.open(str(path)) as container:
        container.streams.video[0].codec_context.thread_count = 2
        for _ in container.decode():
            pass


def main() -> None:
    """Print wall and CPU seconds, the ratio to bare decoding, the stages and the memory."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=8.0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = phone_capture(Path(folder), options.seconds)
        before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
        reports: list[CaptureReport] = []

        def verify() -> None:
            reports.append(verify_sandboxed(path, CHALLENGE, pack=default_pack()))

        rounds = [(cost(lambda: decode(path)), cost(verify)) for _ in range(options.rounds)]
    after = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    bare = [statistics.median(each[0][i] for each in rounds) for i in (0, 1)]
    ours = [statistics.median(each[1][i] for each in rounds) for i in (0, 1)]
    print(f"{options.seconds:g} s of {SIZE}: {reports[-1].reasons or 'genuine'}")
    print(f"bare decoding   wall {bare[0]:6.2f} s  CPU {bare[1]:6.2f} s")
    print(f"verification    wall {ours[0]:6.2f} s  CPU {ours[1]:6.2f} s  (goal: 10 s wall)")
    print(f"ratio           wall {ours[0] / bare[0]:6.1f}    CPU {ours[1] / bare[1]:6.1f}")
    print(f"stages, wall s  {reports[-1].facts.get('took')}")
    known = "" if after > before else " at most: ffmpeg had that much"
    print(f"the child's memory {after / 1024:.0f} MiB{known}")


if __name__ == "__main__":
    main()
