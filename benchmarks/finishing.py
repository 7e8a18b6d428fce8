"""Finishing a clip (marks, encodes, HLS, poster, hashes, C2PA, read-back) beside bare ffmpeg.

    python -m benchmarks.finishing [--rounds 3]

The references run in the same rounds on the same clip: `3 outputs` decodes once and encodes what
a plain pipeline would (MP4, HLS full, HLS small, each its own encode); `2 encodes` is the least
work that yields the same sizes. Goals against `3 outputs`: wall <= 1.3, CPU <= 1.15.
"""

import argparse
import resource
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import ffmpeg

from provenance import pipeline
from provenance.claims import ClipClaims
from provenance.marker import Marker
from transcode.ffmpeg import run

STAGES = (
    "probe",
    "sample_luma",
    "draw_badge",
    "luma_template",
    "package_clip",
    "_sign_all",
    "_check_manifests",
    "_mark_is_readable",
    "_mark_lasts",
    "_write_record",
)
CLIPS = {
    "10 s 720x1280": ("720x1280", 10),
    "5 s 360x640": ("360x640", 5),
}


def make_source(path: Path, size: str, seconds: int) -> None:
    """Write a moving clip with a tone: a soft gradient behind testsrc2's shapes."""
    back = ffmpeg.input(f"gradients=size={size}:rate=24:speed=0.02:seed=3", f="lavfi", t=seconds)
    shapes = ffmpeg.input(f"testsrc2=size={size}:rate=24", f="lavfi", t=seconds)
    picture = ffmpeg.filter([back, shapes], "blend", all_mode="average")
    tone = ffmpeg.input("sine=frequency=440", f="lavfi", t=seconds)
    settings = {"vcodec": "libx264", "preset": "veryfast", "crf": 18, "pix_fmt": "yuv420p"}
    run(ffmpeg.output(picture, tone, str(path), acodec="aac", **settings), timeout_seconds=300)


def bare(source: Path, out: Path, outputs: int) -> None:
    """Encode MP4 and HLS renditions from one decode, without marks, signatures or checks."""
    clip = ffmpeg.input(str(source))
    branches = clip.video.split()
    x264 = {"vcodec": "libx264", "preset": "veryfast", "pix_fmt": "yuv420p", "acodec": "aac"}
    x264["force_key_frames"] = "expr:gte(t,n_forced*2)"
    hls: dict[str, Any] = {"f": "hls", "hls_time": 2, "hls_playlist_type": "vod"}
    hls |= {"hls_segment_type": "fmp4", "hls_flags": "single_file"}
    small = branches[1].filter("scale", "trunc(iw*0.3)*2", "trunc(ih*0.3)*2")
    nodes = [
        ffmpeg.output(branches[0], clip.audio, str(out / "full.mp4"), movflags="faststart", **x264),
        ffmpeg.output(small, clip.audio, str(out / "small.m3u8"), crf=20, **hls, **x264),
    ]
    if outputs == 3:
        nodes.append(ffmpeg.output(branches[2], clip.audio, str(out / "f.m3u8"), **hls, **x264))
    run(ffmpeg.merge_outputs(*nodes), timeout_seconds=300)


def cost(work: Callable[[], object]) -> tuple[float, float]:
    """Wall and CPU seconds of a call, its finished child processes included."""
    wall, cpu = time.perf_counter(), _cpu_seconds()
    work()
    return time.perf_counter() - wall, _cpu_seconds() - cpu


def _cpu_seconds() -> float:
    return sum(
        usage.ru_utime + usage.ru_stime
        for usage in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    )


@contextmanager
def staged() -> Iterator[dict[str, list[float]]]:
    """Time each stage of the pipeline while it runs."""
    walls: dict[str, list[float]] = defaultdict(list)
    originals = {name: getattr(pipeline, name) for name in STAGES}

    def timed(name: str) -> Callable[..., object]:
        def call(*args: Any, **kwargs: Any) -> object:
            started = time.perf_counter()
            try:
                return originals[name](*args, **kwargs)
            finally:
                walls[name].append(time.perf_counter() - started)

        return call

    for name in STAGES:
        setattr(pipeline, name, timed(name))
    try:
        yield walls
    finally:
        for name, original in originals.items():
            setattr(pipeline, name, original)


def measure(name: str, size: str, seconds: int, rounds: int) -> None:
    """Print one clip's costs, ratios and stages; medians over the rounds."""
    claims = ClipClaims(
        clip_id=name,
        mark_id=0x0123456789ABCDEF,
        author_handle="benchmark",
        title=name,
        engine="scene",
        engine_is_procedural=True,
        created_at=datetime.now(UTC),
        instance="localhost",
    )
    costs: dict[str, list[tuple[float, float]]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as folder, staged() as walls:
        home = Path(folder)
        marker = Marker.from_folder(home / "keys")
        source = home / "source.mp4"
        make_source(source, size, seconds)
        for index in range(rounds):
            out = home / f"marked-{index}"
            costs["mark_clip"].append(
                cost(lambda out=out: pipeline.mark_clip(source, out, claims, marker))  # type: ignore[misc]
            )
            costs["3 outputs"].append(cost(lambda: bare(source, home, 3)))
            costs["2 encodes"].append(cost(lambda: bare(source, home, 2)))
    middle = {
        who: tuple(statistics.median(column) for column in zip(*pairs, strict=True))
        for who, pairs in costs.items()
    }
    wall, cpu = middle["mark_clip"]
    print(f"{name}: mark_clip {wall:.2f} s wall, {cpu:.2f} s CPU")
    for who in ("3 outputs", "2 encodes"):
        reference_wall, reference_cpu = middle[who]
        print(
            f"  beside bare {who} ({reference_wall:.2f} s, {reference_cpu:.2f} s CPU):"
            f" {wall / reference_wall:.2f} x wall, {cpu / reference_cpu:.2f} x CPU"
        )
    stages = ", ".join(
        f"{stage.strip('_')} {statistics.median(walls[stage]) * 1000:.0f}" for stage in STAGES
    )
    print(f"  stages, ms: {stages}")


def main() -> None:
    """Measure every clip."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    for name, (size, seconds) in CLIPS.items():
        measure(name, size, seconds, rounds)


if __name__ == "__main__":
    main()
