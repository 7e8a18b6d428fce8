"""A quick engine and jobs in every state."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from accounts.models import User
from cameos.models import Cameo
from engine.contracts import Shot
from generation.engines import reports
from generation.models import Job
from generation.services import run
from generation.services.request import GenerationRequest, RemixOf
from generation.services.submit import submit
from tests.fakes.engine import (
    CAPABILITIES,
    QuickEngine,
    RunningEngine,
    make_video,
    running_engine,
    served,
)
from tests.generation.casts import allow_frames, make_face, mark_quickly


@pytest.fixture(scope="session")
def small_video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One second of real video."""
    return make_video(tmp_path_factory.mktemp("engine") / "small.mp4")


@pytest.fixture
def engine(small_video: Path, tmp_path: Path, settings) -> Iterator[RunningEngine]:
    """A quick engine that ENGINES names as its only one."""
    with running_engine(small_video, tmp_path / "engine") as running:
        settings.ENGINES = {"quick": {"url": running.url, "slots": 1}}
        settings.ENGINE_DEFAULT = "quick"
        reports.disconnect()
        yield running
    reports.disconnect()


@pytest.fixture(autouse=True)
def _one_try(monkeypatch) -> None:
    """Let a failure be the end of a job; `test_retries` has what comes before."""
    monkeypatch.setattr("generation.services.run.TRIES_MAX", 1)


@pytest.fixture
def make_job(engine: RunningEngine, make_user) -> Callable[..., Job]:
    """Return a function that submits a job: `make_job()`, `make_job(user, prompt="…")`."""
    users: list[User] = []

    def make(user: User | None = None, **fields: object) -> Job:
        if user is None:
            users[:] = users or [make_user("ada")]
            user = users[0]
        request = {"prompt": "A red ball rolls down a ramp.", "seconds": 1, **fields}
        return submit(by=user, request=GenerationRequest(**request))

    return make


@pytest.fixture(scope="session")
def _faces_running(small_video: Path, tmp_path_factory) -> Iterator[RunningEngine]:
    """A quick engine that draws faces, for all tests that need one."""
    with served(QuickEngine(small_video), tmp_path_factory.mktemp("faces")) as running:
        yield running
        running.engine.may_finish.set()


@pytest.fixture
def faces_engine(_faces_running: RunningEngine, settings) -> Iterator[RunningEngine]:
    """A quick engine that draws faces, as if it had just started, as ENGINES' only one."""
    quick = _faces_running.engine
    quick.capabilities = replace(CAPABILITIES, operations=("characters",))
    quick.error = None
    quick.requests.clear()
    quick.cancelled.clear()
    quick.may_finish.set()
    settings.ENGINES = {"quick": {"url": _faces_running.url, "slots": 1}}
    settings.ENGINE_DEFAULT = "quick"
    reports.disconnect()
    yield _faces_running
    reports.disconnect()


@pytest.fixture
def quick_end(monkeypatch) -> None:
    """Let what is drawn be allowed and marked in no time."""
    monkeypatch.setattr(run, "check_frames", allow_frames)
    monkeypatch.setattr(run, "ensure_marked", mark_quickly)


@pytest.fixture
def face(make_user) -> Cameo:
    """Cleo's likeness, which everybody may use."""
    return make_face(make_user("cleo"))


__all__ = ["RemixOf", "Shot"]
