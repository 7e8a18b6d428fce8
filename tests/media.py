"""Short synthetic clips for tests, made by ffmpeg's own sources."""

from pathlib import Path

import ffmpeg

from transcode.ffmpeg import run

SIZE = "360x640"
SOURCES = {
    "bars": f"smptehdbars=size={SIZE}:rate=24",
    "dark": f"gradients=size={SIZE}:rate=24:c0=0x06060a:c1=0x1c1c28:c2=0x0a0a10:seed=5:speed=0.03",
    "flat": f"color=c=0x6688aa:size={SIZE}:rate=24",
    "moving": f"testsrc2=size={SIZE}:rate=24",
    "noisy": "gradients=size=90x160:rate=8:seed=7,noise=alls=20:allf=t,scale=360:640",
    "zooming": f"mandelbrot=size={SIZE}:rate=24:start_scale=3:end_scale=0.01",
}


def make_clip(path: Path, source: str, *, seconds: float, audio: bool = False) -> Path:
    """Write a clip of one of `SOURCES`, as an engine would: H.264, with or without a tone."""
    streams = [ffmpeg.input(SOURCES[source], f="lavfi", t=seconds)]
    if audio:
        streams.append(ffmpeg.input("sine=frequency=440", f="lavfi", t=seconds))
    sound = {"acodec": "aac"} if audio else {}
    graph = ffmpeg.output(
        *streams, str(path), vcodec="libx264", preset="veryfast", crf=18, pix_fmt="yuv420p", **sound
    )
    run(graph, timeout_seconds=60)
    return path
