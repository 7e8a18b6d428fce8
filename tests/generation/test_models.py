"""Video models with small random weights, from their folder to a marked clip in the feed."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

import av
import pytest

from core.storage import local_copy
from feed.models import Clip
from generation.engines import reports
from generation.models import Job
from generation.services.cancel import cancel
from generation.services.request import GenerationRequest
from generation.services.run import run_job
from generation.services.submit import submit
from generation.services.sweep import release_engine
from notifications.models import Event
from tests.fakes.engine import served
from tests.generation.workers import in_thread, wait_for, wait_until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

RECIPE = 'steps = 3\nguidance = 1\nsizes = ["192x320"]\nmax_seconds = 2\n'
LICENCES = {"wan_text": "Apache-2.0", "ltx2": "LTX-2-Community"}


@pytest.fixture(scope="module")
def tiny():
    for library in ("torch", "diffusers", "transformers", "accelerate"):
        if find_spec(library) is None:
            pytest.skip(f"{library} is not installed: pip install -r requirements-gpu.txt")
    return import_module("tests.engine.diffusers.tiny")


@pytest.fixture
def model(tiny, tmp_path, settings):
    """Return a function that makes a model, by its name in `tiny`, the only engine."""
    running = []

    def serve(name: str):
        engine_class = import_module("engine.engines.diffusers.engine").DiffusersEngine
        folder = getattr(tiny, name)(tmp_path / name)
        made = engine_class(
            model=str(folder), licence=LICENCES[name], recipe=tiny.recipe(tmp_path, RECIPE)
        )
        running.append(served(made, tmp_path / "engine"))
        server = running[-1].__enter__()
        settings.ENGINES = {"card": {"url": server.url, "accept_licence": LICENCES[name]}}
        settings.ENGINE_DEFAULT = "card"
        reports.disconnect()
        wait_until(lambda: reports.is_healthy("card"))
        return server.engine

    yield serve
    reports.disconnect()
    for each in running:
        each.__exit__(None, None, None)


@pytest.fixture
def ask(make_user):
    def submitted(**fields: object) -> Job:
        request = {"prompt": "a red ball falls", "seconds": 1, "publish": True, "seed": 5, **fields}
        return submit(by=make_user("ada"), request=GenerationRequest(**request))

    return submitted


@pytest.mark.parametrize(
    ("name", "called", "fps", "has_sound"),
    [("wan_text", "wan-2.1", 16, False), ("ltx2", "ltx-2", 24, True)],
)
def test_a_model_in_a_folder_makes_a_marked_clip(model, ask, name, called, fps, has_sound):
    model(name)
    job = ask()
    run_job(job_id=job.pk)
    job.refresh_from_db()
    assert (job.state, job.error, job.progress) == ("ready", None, 100)
    clip = Clip.objects.get()
    assert (clip.state, clip.engine, clip.engine_is_procedural) == ("published", called, False)
    assert (clip.width_px, clip.height_px) == (192, 320)
    with local_copy(f"{clip.media_prefix}clip.mp4") as mp4, av.open(str(mp4)) as container:
        assert sum(1 for _ in container.decode(video=0)) == fps
        assert bool(container.streams.audio) == has_sound


def test_a_model_stops_between_two_steps_when_its_job_is_cancelled(model, ask, tiny):
    engine = model("wan_text")
    engine.family = stepped = tiny.Stepped(engine.family)
    job = ask()
    worker = in_thread(job)
    try:
        wait_until(lambda: stepped.steps == 1)
        wait_for(job, state="rendering")
        cancel(job_id=job.pk, by=job.user_id)
        release_engine(job_id=job.pk)
    finally:
        stepped.may_go_on.set()
    worker.join(60)
    assert not worker.is_alive()
    assert stepped.steps < 3
    assert list(Event.objects.values_list("type", flat=True)) == ["generation.cancelled"]
    assert not Clip.objects.exists()


def test_a_clip_that_fills_the_card_fails_alone(model, ask, tiny):
    engine = model("wan_text")
    engine.family = tiny.Starved(engine.family)
    full = ask()
    run_job(job_id=full.pk)
    full.refresh_from_db()
    assert (full.state, full.error["code"], full.error["retryable"]) == (
        "failed", "out_of_memory", True,
    )  # fmt: skip
    assert not Clip.objects.exists()
