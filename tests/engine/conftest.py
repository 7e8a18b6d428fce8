"""One compiled tracer for every test, and a running generation service."""

import contextlib
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# numba reads this at its first import; the compiled code outlives the run.
os.environ.setdefault("NUMBA_CACHE_DIR", str(ROOT / ".pytest_cache" / "numba"))

KEY = "test-key"
READY_SECONDS = 180.0  # a cold cache compiles first


class Service:
    """`python -m engine` as a child process."""

    def __init__(self, state: Path, *, key: str | None = KEY) -> None:
        environment = {name: v for name, v in os.environ.items() if name != "ENGINE_KEY"}
        if key:
            environment["ENGINE_KEY"] = key
        self.process = subprocess.Popen(
            [sys.executable, "-m", "engine", "--port", "0", "--state", str(state)],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.url = self._ready_url()

    def _ready_url(self) -> str:
        watchdog = threading.Timer(READY_SECONDS, self.process.kill)
        watchdog.start()
        try:
            for line in self.process.stdout:
                if line.startswith("engine ready "):
                    return line.split()[-1]
        finally:
            watchdog.cancel()
        raise AssertionError(f"the engine ended with {self.process.wait()} before it was ready")

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def stop(self) -> int:
        self.process.terminate()
        with contextlib.closing(self.process.stdout):
            return self.process.wait(timeout=10)


@pytest.fixture(scope="module")
def service(tmp_path_factory) -> Iterator[Service]:
    running = Service(tmp_path_factory.mktemp("engine"))
    yield running
    if running.process.poll() is None:
        running.stop()
