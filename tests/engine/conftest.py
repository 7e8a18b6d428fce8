"""Running generation services: the scene's and a grey."""

import contextlib
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import openai
import pytest

from engine.client import EngineClient
from tests.engine.examples import GreyEngine
from tests.engine.grey import Running, until
from tests.fakes.engine import served

ROOT = Path(__file__).parents[2]
KEY = "test-key"
READY_SECONDS = 420.0  # a cold cache compiles first


class Service:
    """`python -m engine` as a child process."""

    def __init__(
        self, state: Path, *, key: str | None = KEY, options: tuple[str, ...] = ()
    ) -> None:
        environment = {name: v for name, v in os.environ.items() if name != "ENGINE_KEY"}
        if key:
            environment["ENGINE_KEY"] = key
        self.process = subprocess.Popen(
            [sys.executable, "-m", "engine", "--port", "0", "--state", str(state), *options],
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


@pytest.fixture
def running(tmp_path) -> Iterator[Running]:
    with served(GreyEngine(), tmp_path) as made:
        until(lambda: httpx.get(made.url + "/health").status_code == 200)
        yield made
        made.engine.may_render.set()
        made.engine.may_preview.set()


@pytest.fixture
def grey(running) -> Iterator[EngineClient]:
    with EngineClient(running.url, timeout_seconds=20) as made:
        yield made


@pytest.fixture
def raw(running) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"{running.url}/v1", timeout=20) as made:
        yield made


@pytest.fixture
def official(running) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{running.url}/v1", api_key="any", max_retries=0) as made:
        yield made


@pytest.fixture(scope="module")
def target(tmp_path_factory) -> Iterator[Running]:
    with served(GreyEngine(), tmp_path_factory.mktemp("target")) as made:
        yield made


@pytest.fixture
def refusing(target) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"{target.url}/v1", timeout=20) as made:
        yield made
        assert target.engine.asked == []
