"""A quick engine and jobs in every state."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from accounts.models import User
from engine.contracts import Shot
from generation.engines import reports
from generation.models import Job
from generation.services.request import GenerationRequest, RemixOf
from generation.services.submit import submit
from tests.fakes.engine import RunningEngine, make_video, running_engine


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


__all__ = ["RemixOf", "Shot"]
