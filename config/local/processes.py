"""Start, watch and end child processes that cannot outlive us."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

CHILD = Path(__file__).with_name("child.py")


def spawn(  # noqa: PLR0913 - as Popen
    argv: Sequence[str],
    *,
    log: Path,
    death_signal: signal.Signals = signal.SIGKILL,
    identity: str = "keep",
    env: Mapping[str, str] | None = None,
    stdin: int = subprocess.DEVNULL,
    cwd: Path | None = None,
    pass_fds: Sequence[int] = (),
) -> subprocess.Popen[bytes]:
    """Start a program in a session of its own; the kernel ends it when the calling THREAD ends.

    Call it from the main thread: Linux sends the death signal when the thread that forked exits.

    Args:
        argv: the program's absolute path and its arguments.
        log: file that its output is appended to.
        death_signal: what it gets when we die, kill -9 included (Linux).
        identity: `keep`, `UID:GID` or `namespace`; see `child.py`.
        env: its whole environment; None: ours.
        stdin: as for `Popen`.
        cwd: its working directory; None: ours.
        pass_fds: open files that it inherits.

    Returns:
        The process; its pid is the program's own.
    """
    shim = [sys.executable, "-I", "-S", str(CHILD), str(int(death_signal)), str(os.getpid())]
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        return subprocess.Popen(  # noqa: S603 - argv comes from our own code
            [*shim, identity, *argv],
            stdin=stdin,
            cwd=cwd,
            pass_fds=pass_fds,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=None if env is None else dict(env),
        )


def run(
    argv: Sequence[str],
    *,
    log: Path,
    identity: str = "keep",
    env: Mapping[str, str] | None = None,
    stdin: bytes = b"",
) -> int:
    """Run a program to its end under the same rules, feed it `stdin`, return its exit code."""
    process = spawn(argv, log=log, identity=identity, env=env, stdin=subprocess.PIPE)
    process.communicate(stdin)
    return process.returncode


def end(process: subprocess.Popen[bytes], how: signal.Signals, *, seconds: float) -> None:
    """Ask a child to stop, wait, and kill what is left of its process group; twice is harmless."""
    if process.poll() is None:
        process.send_signal(how)
        with suppress(subprocess.TimeoutExpired):
            process.wait(seconds)
    kill_group(process)


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """Kill a child and the grandchildren of its process group, at once; none left is fine."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def never() -> bool:
    """Return False: the caller does not give up early."""
    return False


def wait_until(
    is_ready: Callable[[], bool],
    *,
    process: subprocess.Popen[bytes],
    seconds: float,
    gives_up: Callable[[], bool] = never,
) -> bool:
    """Wait until a child is ready; False when it ended, took too long, or the caller gave up."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and not gives_up():
        if is_ready():
            return True
        if process.poll() is not None:
            return False
        time.sleep(0.01)
    return False


def cap_log(log: Path, *, bytes_max: int) -> None:
    """Keep the last `bytes_max` of a log as `NAME.1` and empty it, once it is larger than that.

    Children append, so they go on in the emptied file. What they write during the copy is lost.
    """
    with suppress(FileNotFoundError):
        if log.stat().st_size > bytes_max:
            with log.open("r+b") as file:
                file.seek(-bytes_max, os.SEEK_END)
                log.with_name(f"{log.name}.1").write_bytes(file.read())
                file.truncate(0)


def tail(log: Path, *, lines: int = 8) -> str:
    """Return the last lines of a log, for an error text; empty when there is none."""
    try:
        text = log.read_bytes()[-8192:].decode("utf-8", "replace")
    except OSError:
        return ""
    return "\n".join("  " + line for line in text.splitlines()[-lines:])
