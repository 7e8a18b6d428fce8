"""A whole instance as its operator starts it: `manage.py up` in a process of its own."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from config.local.processes import CHILD
from config.local.sockets import free_port
from config.local.state import running_instance

ROOT = Path(__file__).resolve().parent.parent
READY_SECONDS = 90.0
STOP_SECONDS = 5.0
# What an instance would otherwise take from the services of the test run.
NOT_INHERITED = {"DATABASE_URL", "REDIS_URL", "ENGINES", "MEDIA_ROOT", "VIGNETTE_STATE"}


@dataclass(slots=True)
class RunningInstance:
    """One started instance: where it answers and which processes it consists of."""

    process: subprocess.Popen[str]
    state_dir: Path
    base_url: str
    ready_line: str
    seconds_to_ready: float
    settings: dict[str, str] = field(default_factory=dict)  # environment variables of its own

    @property
    def invite(self) -> str:
        """The code of the ready line."""
        return self.ready_line.split()[-1]

    @property
    def pids(self) -> dict[str, int]:
        """Process ids by role as of now: postgres, valkey, web, engine, worker, beat."""
        instance = running_instance(self.state_dir)
        return dict(instance.pids) if instance else {}

    def manage(self, *arguments: str) -> str:
        """Run a `manage.py` command on this instance; return what it prints."""
        done = subprocess.run(
            [sys.executable, str(ROOT / "manage.py"), *arguments],
            env=environment(self.state_dir) | self.settings,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def new_invite(self, *, uses: int = 1) -> str:
        """Return a fresh invite code, made by the operator's command."""
        return self.manage("invite", "--uses", str(uses)).strip()

    def stop(self) -> float:
        """Stop it as Ctrl-C in another terminal would; return the seconds it took."""
        started_at = time.monotonic()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            self.process.communicate(timeout=4 * STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.communicate()
            raise
        return time.monotonic() - started_at

    def kill_role(self, role: str) -> int:
        """Kill one part with SIGKILL; return the process id that it had."""
        pid = self.pids[role]
        os.kill(pid, signal.SIGKILL)
        return pid

    def wait_for_new(self, role: str, old_pid: int) -> int:
        """Wait until another process fills the role; return its id."""
        wait_until(lambda: self.pids.get(role, old_pid) != old_pid, f"a new {role}")
        return self.pids[role]


def start_instance(
    state_dir: Path,
    *arguments: str,
    port: int | None = None,
    settings: dict[str, str] | None = None,
) -> RunningInstance:
    """Start an instance on a folder without example clips; return when its ready line is there.

    `settings` are environment variables of its own.
    """
    started_at = time.monotonic()
    port = port or free_port()
    options = ["--port", str(port), "--no-examples", *arguments]
    process = launch(state_dir, *options, settings=settings)
    ready_line = read_ready_line(process, deadline=started_at + READY_SECONDS)
    return RunningInstance(
        process=process,
        state_dir=state_dir,
        base_url=f"http://127.0.0.1:{port}",
        ready_line=ready_line,
        seconds_to_ready=time.monotonic() - started_at,
        settings=settings or {},
    )


def launch(
    state_dir: Path, *arguments: str, settings: dict[str, str] | None = None
) -> subprocess.Popen[str]:
    """Start `manage.py up` without waiting; it stops when the test run dies."""
    shim = [sys.executable, "-I", "-S", str(CHILD), str(int(signal.SIGTERM)), str(os.getpid())]
    command = [sys.executable, str(ROOT / "manage.py"), "up", "--state", str(state_dir)]
    with terminal_of(state_dir).open("ab") as terminal:
        return subprocess.Popen(
            [*shim, "keep", *command, *arguments],
            env=environment(state_dir) | (settings or {}),
            stdout=subprocess.PIPE,
            stderr=terminal,
            text=True,
        )


def terminal_of(state_dir: Path) -> Path:
    """Return the file that holds what `up` said to its operator."""
    return state_dir.parent / f"{state_dir.name[:40]}.terminal"


def read_ready_line(process: subprocess.Popen[str], *, deadline: float) -> str:
    """Return the first line of its standard output; fail when it ends or takes too long."""
    assert process.stdout is not None
    left = max(0.0, deadline - time.monotonic())
    line = ""
    if select.select([process.stdout], [], [], left)[0]:
        line = process.stdout.readline().rstrip("\n")
    if not line:
        process.kill()
        process.communicate()
        raise AssertionError(f"not ready, exit code {process.returncode}: {process.args!r}")
    return line


def environment(state_dir: Path) -> dict[str, str]:
    """Return our environment, pointed at an instance's own state folder."""
    kept = {name: value for name, value in os.environ.items() if name not in NOT_INHERITED}
    # Everybody in the flows comes from one address; the limits have tests of their own.
    return kept | {"VIGNETTE_STATE": str(state_dir), "RATE_LIMITS": "0"}


def processes_of(state_dir: Path) -> dict[int, str]:
    """Return every process that carries this state folder in its environment, or works inside it.

    The variable is inherited, so this finds grandchildren whoever their parent is by now;
    PostgreSQL's own children overwrite theirs, and work in the data folder.
    """
    marker = f"VIGNETTE_STATE={state_dir}".encode()
    found = {}
    for entry in Path("/proc").iterdir():
        with suppress(OSError):
            if not entry.name.isdecimal() or int(entry.name) == os.getpid():
                continue
            is_marked = marker in (entry / "environ").read_bytes().split(b"\0")
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            if command and (is_marked or (entry / "cwd").readlink().is_relative_to(state_dir)):
                found[int(entry.name)] = command  # a zombie has no command
    return found


def wait_until(is_so: Callable[[], bool], what: str, *, seconds: float = 90.0) -> None:
    """Wait for a condition; fail with its name when it does not come in time.

    The default is patience for a machine that does much else, and no limit of ours.
    """
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, f"waited {seconds:.0f} s for {what}"
        time.sleep(0.02)
