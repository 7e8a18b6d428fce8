"""Tiny models, and the engine that runs them; skips where the GPU libraries are not installed."""

from collections.abc import Callable, Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest

from engine.client import EngineClient
from engine.engines.diffusers.engine import DiffusersEngine
from tests.fakes.engine import RunningEngine, served

APACHE, LTX = "Apache-2.0", "LTX-2-Community"
Running = RunningEngine[DiffusersEngine]


@pytest.fixture(scope="session")
def tiny():
    """The module that builds the models."""
    for library in ("torch", "diffusers", "transformers", "accelerate"):
        if find_spec(library) is None:
            pytest.skip(f"{library} is not installed: pip install -r requirements-gpu.txt")
    return import_module("tests.engine.diffusers.tiny")


@pytest.fixture(scope="session")
def folder(tiny, tmp_path_factory) -> Callable[[str], Path]:
    """The folder of a model by its name in `tiny`, built once."""
    models = tmp_path_factory.mktemp("models")

    def built(name: str) -> Path:
        to = models / name
        return to if to.exists() else getattr(tiny, name)(to)

    return built


@pytest.fixture(scope="session")
def make(tiny, folder, tmp_path_factory) -> Callable[..., DiffusersEngine]:
    """Make an engine for a model, quick by its recipe; its weights are not loaded yet."""

    def made(name: str, recipe: str | None = None) -> DiffusersEngine:
        quick = tiny.QUICK + (tiny.ONE_PASS if name == "ltx2" else "")
        file = tiny.recipe(tmp_path_factory.mktemp("recipe"), recipe or quick)
        licence = LTX if name == "ltx2" else APACHE
        return DiffusersEngine(model=str(folder(name)), licence=licence, recipe=file)

    return made


@pytest.fixture(scope="session")
def loaded(make) -> Callable[[str], DiffusersEngine]:
    """An engine with its weights loaded, one for each model."""
    engines: dict[str, DiffusersEngine] = {}

    def ready(name: str) -> DiffusersEngine:
        if name not in engines:
            engines[name] = make(name)
            engines[name].warm_up()
        return engines[name]

    return ready


@pytest.fixture(scope="module")
def wan(make, tmp_path_factory) -> Iterator[Running]:
    """A served Wan 2.1 for texts."""
    with served(make("wan_text"), tmp_path_factory.mktemp("wan")) as running:
        yield running


@pytest.fixture(scope="module")
def both(make, tmp_path_factory) -> Iterator[Running]:
    """A served Wan like 2.2 TI2V 5B."""
    with served(make("wan_both"), tmp_path_factory.mktemp("both")) as running:
        yield running


@pytest.fixture(scope="module")
def vace(make, tmp_path_factory) -> Iterator[Running]:
    """A served Wan VACE."""
    with served(make("wan_vace"), tmp_path_factory.mktemp("vace")) as running:
        yield running


@pytest.fixture(scope="module")
def ltx2(make, tmp_path_factory) -> Iterator[Running]:
    """A served LTX-2."""
    with served(make("ltx2"), tmp_path_factory.mktemp("ltx2")) as running:
        yield running


@pytest.fixture
def client() -> Iterator[Callable[[Running], EngineClient]]:
    """Open clients, closed after the test."""
    opened: list[EngineClient] = []

    def to(running: Running) -> EngineClient:
        opened.append(EngineClient(running.url, timeout_seconds=20))
        return opened[-1]

    yield to
    for each in opened:
        each.close()
