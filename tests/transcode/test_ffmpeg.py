import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import ffmpeg
import pytest

from tests.media import SOURCES
from transcode.errors import TranscodeCancelled, TranscodeError, TranscodeTimeout
from transcode.ffmpeg import run
from transcode.probe import probe

ENDLESS = ffmpeg.input(SOURCES["noisy"], f="lavfi")


def test_an_error_ends_with_what_ffmpeg_said(tmp_path):
    graph = ffmpeg.output(ffmpeg.input(str(tmp_path / "none.mp4")), str(tmp_path / "out.mp4"))
    with pytest.raises(TranscodeError, match="No such file or directory"):
        run(graph, timeout_seconds=20)
    assert not (tmp_path / "out.mp4").exists()


def test_a_run_past_its_time_is_killed(tmp_path):
    started = time.monotonic()
    with pytest.raises(TranscodeTimeout):
        run(ffmpeg.output(ENDLESS, str(tmp_path / "out.mp4")), timeout_seconds=0.3)
    assert time.monotonic() - started < 5


def test_a_cancelled_run_is_killed(tmp_path):
    cancelled = threading.Event()
    threading.Timer(0.3, cancelled.set).start()
    with pytest.raises(TranscodeCancelled):
        run(
            ffmpeg.output(ENDLESS, str(tmp_path / "out.mp4")),
            timeout_seconds=60,
            cancelled=cancelled,
        )


def test_frames_are_taken_from_an_iterable(tmp_path):
    out = tmp_path / "gray.mp4"
    raw = ffmpeg.input("pipe:0", f="rawvideo", pix_fmt="gray", s="64x64", r=10)
    graph = ffmpeg.output(raw, str(out), vcodec="libx264", pix_fmt="yuv420p")
    run(graph, timeout_seconds=20, stdin=(bytes([level]) * 4096 for level in range(0, 100, 10)))
    info = probe(out)
    assert (info.width_px, info.height_px, info.frames, info.seconds) == (64, 64, 10, 1.0)


def test_a_failing_frame_source_leaves_no_process_and_raises_its_own_error(tmp_path):
    def frames():
        yield bytes(4096)
        raise ZeroDivisionError

    raw = ffmpeg.input("pipe:0", f="rawvideo", pix_fmt="gray", s="64x64", r=10)
    with pytest.raises(ZeroDivisionError):
        run(ffmpeg.output(raw, str(tmp_path / "out.mp4")), timeout_seconds=20, stdin=frames())


@pytest.mark.skipif(sys.platform != "linux", reason="PR_SET_PDEATHSIG is Linux's")
def test_ffmpeg_dies_with_a_killed_parent(tmp_path):
    out = tmp_path / "out.mkv"
    script = (
        "import ffmpeg; from transcode.ffmpeg import run\n"
        f"run(ffmpeg.output(ffmpeg.input({SOURCES['noisy']!r}, f='lavfi'), {str(out)!r}),"
        " timeout_seconds=60)"
    )
    root = str(Path(__file__).parents[2])
    with subprocess.Popen([sys.executable, "-c", script], cwd=root) as parent:
        child = _wait_for(lambda: out.exists() and _child_of(parent.pid))
        parent.send_signal(signal.SIGKILL)
        parent.wait()
    assert _wait_for(lambda: not _is_running(child))


def _child_of(pid):
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return int(children[0]) if children else None


def _is_running(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def _wait_for(condition, seconds=20.0):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if result := condition():
            return result
        os.sched_yield()
    raise TimeoutError
