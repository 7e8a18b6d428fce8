"""Keep one child running: notice its end, start it again after a growing pause."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from config.local import processes

STEADY_SECONDS = 20.0  # a child that lived this long did not fail by its own start
PAUSE_SECONDS_MAX = 5.0


@dataclass(frozen=True, slots=True)
class Role:
    """One part of an instance, as the supervisor handles it."""

    name: str
    spawn: Callable[[], subprocess.Popen[bytes]]
    stop_signal: signal.Signals
    stop_seconds: float  # after the signal, before it is killed


class Kept:
    """A role and the process that fills it now."""

    def __init__(self, role: Role, process: subprocess.Popen[bytes]) -> None:
        self.role = role
        self.process: subprocess.Popen[bytes] | None = process
        self.quick_failures = 0
        self._started_at = time.monotonic()
        self._start_again_at = 0.0

    def look(self) -> str | None:
        """Notice an end, start again when it is time; return a line for the operator, or None."""
        if self.process is None:
            self._start_when_due()
            return None
        code = self.process.poll()
        if code is None:
            return None
        processes.kill_group(self.process)  # its own children must not work on without it
        self.process = None
        now = time.monotonic()
        lived = now - self._started_at
        self.quick_failures = 0 if lived >= STEADY_SECONDS else self.quick_failures + 1
        self._start_again_at = now + min(0.05 * 2**self.quick_failures, PAUSE_SECONDS_MAX)
        how = f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
        return f"{self.role.name} {how}; starting it again"

    def ask_to_stop(self) -> None:
        """Send the role's stop signal; nothing when it does not run."""
        if self.process is not None:
            self.process.send_signal(self.role.stop_signal)

    def wait_or_kill(self, *, deadline: float) -> None:
        """Wait for its end until `deadline` (monotonic seconds), then kill it and its children."""
        if self.process is not None:
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(max(0.0, deadline - time.monotonic()))
            processes.kill_group(self.process)
            self.process = None

    def _start_when_due(self) -> None:
        if time.monotonic() >= self._start_again_at:
            self._started_at = time.monotonic()
            self.process = self.role.spawn()
