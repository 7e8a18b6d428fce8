"""Jobs on servers of other dialects: whole clips, of several shots, through stops and losses."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from engine.contracts import Shot
from feed.models import Clip
from generation.engines import reports
from generation.models import Job
from generation.services import lease as lease_module
from generation.services.cancel import cancel
from generation.services.request import GenerationRequest
from generation.services.run import run_job
from generation.services.submit import submit
from generation.services.sweep import release_engine
from tests.fakes.hostile import dripping, hostile, said
from tests.fakes.litellm import Litellm
from tests.fakes.sglang import Sglang
from tests.fakes.studio import served
from tests.fakes.vllm_omni import VllmOmni
from tests.generation.workers import in_thread, wait_until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

KEY = "sk-1234"
SHOTS = (Shot("a red ball", 1, "wide"), Shot("a blue ball", 1))
OFFERS: dict[str, dict[str, object]] = {
    "vllm-omni": {"model": "grey-omni", "fps": 16, "takes_picture": True},
    "sglang": {"model": "grey-sgl"},
    "litellm": {"model": "sora-2", "lengths": [1, 2, 4], "takes_picture": True},
}
FAKES: dict[str, Callable[..., Any]] = {
    "vllm-omni": VllmOmni,
    "sglang": Sglang,
    "litellm": partial(Litellm, sizes=("192x320",), seconds=("1", "2", "4")),
}


@pytest.fixture
def on(tmp_path, settings):
    """Return a function that makes a server of a dialect the only engine."""
    running = []

    def serve(dialect: str):
        fake = served(FAKES[dialect](tmp_path / dialect, key=KEY))
        running.append(fake)
        server = fake.__enter__()
        offers = {"sizes": ["180x320"], "max_seconds": 4, **OFFERS[dialect]}
        entry = {"url": server.url, "key": KEY, "dialect": dialect, "offers": offers}
        settings.ENGINES, settings.ENGINE_DEFAULT = {"far": entry}, "far"
        reports.disconnect()
        return server

    yield serve
    reports.disconnect()
    for fake in running:
        fake.__exit__(None, None, None)


@pytest.fixture
def ask(make_user):
    def submitted(**fields: object) -> Job:
        request = {"prompt": "", "seconds": 2, "shots": SHOTS, "publish": True, **fields}
        return submit(by=make_user("ada"), request=GenerationRequest(**request))

    return submitted


@pytest.mark.parametrize("dialect", OFFERS)
def test_a_prompt_of_two_shots_becomes_a_published_clip(on, ask, dialect):
    studio = on(dialect).fake.studio
    job = ask()
    run_job(job_id=job.pk)
    job.refresh_from_db()
    assert (job.state, job.error) == ("ready", None)
    clip = Clip.objects.get()
    assert (clip.width_px, clip.height_px, round(clip.seconds, 1)) == (180, 320, 2.0)
    assert (clip.engine, clip.engine_is_procedural) == (OFFERS[dialect]["model"], False)
    assert [asked.fields["prompt"] for asked in studio.asked] == [
        "a red ball. Camera: wide.", "a blue ball.",
    ]  # fmt: skip


def test_a_worker_that_stops_between_two_shots_does_not_ask_for_the_first_again(
    on, ask, monkeypatch
):
    studio = on("vllm-omni").fake.studio
    job = ask()
    worker = in_thread(job)
    wait_until(lambda: len(studio.asked) == 1)
    wait_until(lambda: len(studio.rendered) == 1)
    studio.may_render.clear()
    wait_until(lambda: Job.objects.filter(pk=job.pk, engine_step=1).exists())
    with monkeypatch.context() as patch:
        patch.setattr(lease_module, "_stopping", threading.Event())
        lease_module.stop_working()
        worker.join(60)
    job.refresh_from_db()
    assert (job.state, job.engine_step, len(studio.asked)) == ("queued", 1, 2)
    studio.may_render.set()
    run_job(job_id=job.pk)
    job.refresh_from_db()
    assert (job.state, len(studio.asked)) == ("ready", 2)


def test_a_server_that_lost_its_videos_is_asked_for_the_missing_shot_alone(on, ask):
    server = on("sglang")
    studio = server.fake.studio
    job = ask()
    worker = in_thread(job)
    wait_until(lambda: len(studio.rendered) == 1)
    studio.may_render.clear()
    wait_until(lambda: Job.objects.filter(pk=job.pk, engine_step=1).exists())
    server.stop()
    studio.may_render.set()
    server.start()
    worker.join(60)
    job.refresh_from_db()
    assert (job.state, job.attempt) == ("ready", 2)
    assert [asked.fields["prompt"] for asked in studio.asked] == [
        "a red ball. Camera: wide.", "a blue ball.", "a blue ball.",
    ]  # fmt: skip


def test_a_cancelled_job_is_taken_off_the_server(on, ask):
    studio = on("vllm-omni").fake.studio
    studio.may_render.clear()
    job = ask()
    worker = in_thread(job)
    wait_until(lambda: Job.objects.filter(pk=job.pk).exclude(engine_video_id="").exists())
    cancel(job_id=job.pk, by=job.user_id)
    release_engine(job_id=job.pk)
    worker.join(60)
    wait_until(lambda: studio.stopped)
    studio.may_render.set()


def test_a_server_without_keys_is_not_asked_for_ever_when_it_does_not_answer(
    on, ask, settings, monkeypatch
):
    monkeypatch.setattr(reports, "WORK_TIMEOUT_SECONDS", 0.3)
    on("sglang")
    job = ask()
    with hostile(POST=dripping(b"HTTP/1.1 200 OK\r\nX-Padding: ")) as bad:
        settings.ENGINES["far"]["url"] = bad.url
        reports.disconnect()
        run_job(job_id=job.pk)
        asked = bad.asked.count("POST /v1/videos")
    job.refresh_from_db()
    assert (job.state, job.error["code"], asked) == ("failed", "engine_lost_video", 3)


def test_a_server_that_is_busy_or_down_is_waited_for(on, ask, settings):
    on("sglang")
    job = ask()
    for status in ("429 Too Many Requests", "503 Service Unavailable"):
        later = said({"detail": "later"}, status=status, headers="Retry-After: 1\r\n")
        with hostile(POST=later) as bad:
            settings.ENGINES["far"]["url"] = bad.url
            reports.disconnect()
            worker = in_thread(job)
            wait_until(lambda bad=bad: bad.asked.count("POST /v1/videos") > 3)
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(lease_module, "_stopping", threading.Event())
                lease_module.stop_working()
                worker.join(60)
        job.refresh_from_db()
        assert (job.state, job.attempt) == ("queued", 1)
