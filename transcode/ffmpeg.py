"""The one door to ffmpeg: graphs are built with ffmpeg-python and run here.

ffmpeg-python's own `run` inherits stdin, waits for ever and leaves orphans; ours does not.
"""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import IO, Any

import ffmpeg
import imageio_ffmpeg

from transcode.errors import TranscodeCancelled, TranscodeError, TranscodeTimeout

_STDERR_TAIL_BYTES = 4096
_POLL_SECONDS = 0.1

# Linux kills a child with its parent only if the child asks. A launcher asks and becomes ffmpeg:
# `preexec_fn` would run Python between fork and exec of a threaded process, which may deadlock.
_DIE_WITH_PARENT = """
import ctypes, os, sys
ctypes.CDLL(None).prctl(1, 9, 0, 0, 0)
if os.getppid() != int(sys.argv[1]):
    os._exit(137)
os.execv(sys.argv[2], sys.argv[2:])
"""


@cache
def ffmpeg_executable() -> str:
    """Path of the ffmpeg binary: `FFMPEG_BINARY` when set, else the one imageio-ffmpeg ships.

    Raises:
        TranscodeError: neither exists.
    """
    chosen = os.environ.get("FFMPEG_BINARY")
    if chosen and not Path(chosen).is_file():
        raise TranscodeError(f"FFMPEG_BINARY names no file: {chosen}")
    try:
        return chosen or imageio_ffmpeg.get_ffmpeg_exe()
    except RuntimeError as error:
        raise TranscodeError("no ffmpeg found; set FFMPEG_BINARY to one") from error


def run(
    graph: Any,
    *,
    timeout_seconds: float,
    cancelled: threading.Event | None = None,
    stdin: Iterable[bytes] | None = None,
) -> None:
    """Run an ffmpeg-python graph to its end; overwrites its outputs.

    Args:
        graph: an output node, or `ffmpeg.merge_outputs(...)`.
        timeout_seconds: wall time after which ffmpeg is killed.
        cancelled: when set (from any thread), ffmpeg is killed within about 0.1 s.
        stdin: chunks fed to ffmpeg's `pipe:0`, such as raw frames, written as they are made.

    Raises:
        TranscodeTimeout: the time was up.
        TranscodeCancelled: `cancelled` was set.
        TranscodeError: ffmpeg failed; the message holds the end of what it wrote.
    """
    arguments = ["-hide_banner", "-nostdin", "-nostats", "-loglevel", "error"]
    command = [ffmpeg_executable(), *arguments, *ffmpeg.get_args(graph, overwrite_output=True)]
    process = _start(command, with_stdin=stdin is not None)
    tail = bytearray()
    ended = threading.Event()
    stopped: list[type[TranscodeError]] = []
    helpers = (
        threading.Thread(target=_keep_tail, args=(process.stderr, tail), daemon=True),
        threading.Thread(
            target=_watch,
            args=(process, time.monotonic() + timeout_seconds, cancelled, ended, stopped),
            daemon=True,
        ),
    )
    for helper in helpers:
        helper.start()
    try:
        _feed(process, stdin)
        process.wait()
    finally:
        process.kill()  # a no-op after the end; also runs when the frame source itself raised
        process.wait()
        ended.set()
        for helper in helpers:
            helper.join()
        if process.stderr is not None:
            process.stderr.close()
    last_words = tail.decode(errors="replace").strip()
    if stopped and process.returncode != 0:
        raise stopped[0](f"ffmpeg was stopped ({stopped[0].__name__}). {last_words}".strip())
    if process.returncode != 0:
        raise TranscodeError(f"ffmpeg exited with {process.returncode}: {last_words}")


def _start(command: list[str], *, with_stdin: bool) -> subprocess.Popen[bytes]:
    if sys.platform == "linux":
        launcher = [sys.executable, "-I", "-S", "-c", _DIE_WITH_PARENT, str(os.getpid())]
        command = launcher + command
    return subprocess.Popen(  # noqa: S603 - arguments are built here, no shell reads them
        command,
        stdin=subprocess.PIPE if with_stdin else subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )


def _feed(process: subprocess.Popen[bytes], chunks: Iterable[bytes] | None) -> None:
    if chunks is None or process.stdin is None:
        return
    try:
        with process.stdin as pipe:
            for chunk in chunks:
                pipe.write(chunk)
    except BrokenPipeError:
        pass  # ffmpeg ended first; its exit status and last words say why


def _keep_tail(stream: IO[bytes], tail: bytearray) -> None:
    # A damaged input can make ffmpeg complain for ever: only the end is kept.
    while chunk := stream.read1(65536):  # type: ignore[attr-defined]
        tail += chunk
        del tail[:-_STDERR_TAIL_BYTES]


def _watch(
    process: subprocess.Popen[bytes],
    deadline: float,
    cancelled: threading.Event | None,
    ended: threading.Event,
    stopped: list[type[TranscodeError]],
) -> None:
    while not ended.wait(_POLL_SECONDS):
        if cancelled is not None and cancelled.is_set():
            stopped.append(TranscodeCancelled)
        elif time.monotonic() > deadline:
            stopped.append(TranscodeTimeout)
        else:
            continue
        process.send_signal(signal.SIGKILL)
        return
