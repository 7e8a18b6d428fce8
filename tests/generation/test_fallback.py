"""Engines that fail, are drained or lie: whose job it becomes, and that nobody else is harmed."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from engine.errors import EngineError
from feed.models import Clip
from generation.engines import breaker, reports
from generation.engines.breaker import (
    COOLING,
    FAILURES_MIN,
    PATIENCE,
    note_failure,
    note_success,
    state_of,
)
from generation.engines.configured import check_engines
from generation.errors import EngineNotReady, LeaseLost
from generation.models import EngineState, Job
from generation.selectors import engine_list, startable
from generation.services import lease as lease_module
from generation.services.fallback import hand_over
from generation.services.request import GenerationRequest
from generation.services.run import run_job
from generation.services.submit import submit
from generation.services.sweep import sweep
from tests.fakes.engine import CAPABILITIES, running_engine
from tests.fakes.hostile import body, dripping, endless, hostile, redirect, said, video
from tests.generation.workers import in_thread, wait_for

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def second(engine, small_video, tmp_path, settings):
    """Another engine, which stands in for the quick one."""
    with running_engine(small_video, tmp_path / "second") as running:
        running.engine.capabilities = replace(CAPABILITIES, name="second-best", procedural=False)
        settings.ENGINES = {
            "quick": {"url": engine.url, "fallback": ["second"]},
            "second": {"url": running.url},
        }
        reports.disconnect()
        yield running


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr(breaker, "PATIENCE", timedelta(0))


def run(job: Job) -> Job:
    """Carry a job on as workers would: whoever's queue it is in."""
    for _ in range(4):
        run_job(job_id=job.pk)
        job.refresh_from_db()
        if job.state != "queued":
            break
    return job


@pytest.mark.slow
def test_a_job_of_an_engine_killed_midway_falls_over_to_the_next(
    make_job, engine, second, impatient
):
    engine.engine.may_finish.clear()
    job = make_job(seed=9)
    worker = in_thread(job)
    wait_for(job, progress__gt=0)
    engine.stop()
    worker.join(60)
    assert not worker.is_alive()
    job.refresh_from_db()
    assert (job.state, job.engine, job.engines_tried) == ("queued", "second", ["quick"])
    run(job)
    assert (job.state, job.engine, job.error) == ("ready", "second", None)
    assert [(r.prompt, r.seed, r.model) for r in second.engine.requests] == [
        (job.prompt, 9, "second-best")
    ]
    clip = Clip.objects.get()
    assert (clip.engine, clip.engine_is_procedural) == ("second-best", False)


@pytest.mark.slow
def test_a_clip_that_an_engine_fails_at_is_drawn_by_the_next(make_job, engine, second):
    engine.engine.error = EngineError("The card is full.", code="out_of_memory")
    job = run(make_job())
    assert (job.state, job.engine) == ("ready", "second")
    assert state_of("quick") == "failing"


def test_the_last_engine_to_fail_fails_the_job(make_job, engine, second):
    engine.engine.error = second.engine.error = EngineError("It is full.", code="out_of_memory")
    job = run(make_job())
    assert (job.state, job.error["code"], job.engines_tried) == (
        "failed", "out_of_memory", ["quick"],
    )  # fmt: skip
    assert (len(engine.engine.requests), len(second.engine.requests)) == (1, 1)


@pytest.mark.parametrize("code", ["moderation_blocked", "content_policy_violation"])
def test_what_an_engines_policy_refuses_is_asked_of_no_other(make_job, engine, second, code):
    engine.engine.error = EngineError("No.", code=code)
    job = run(make_job())
    assert (job.state, job.error["code"]) == ("failed", code)
    assert second.engine.requests == []


def test_an_engine_that_cannot_draw_it_does_not_stand_in(make_job, engine, second):
    second.engine.capabilities = replace(second.engine.capabilities, sizes=("64x64",))
    reports.disconnect()
    engine.engine.error = EngineError("It is full.", code="out_of_memory")
    job = run(make_job())
    assert (job.state, job.engine, job.engines_tried) == ("failed", "quick", [])


def test_a_cancelled_job_does_not_change_hands(make_job, engine, second):
    job = make_job()
    held = lease_module.claim(job_id=job.pk)
    Job.objects.filter(pk=job.pk).update(state="cancelled", finished_at=held.started_at)
    with pytest.raises(LeaseLost):
        hand_over(held)
    job.refresh_from_db()
    assert (job.state, job.engine) == ("cancelled", "quick")


def test_a_drained_engine_finishes_what_it_renders_and_is_given_no_more(
    make_job, make_user, engine, second
):
    running, waiting = make_job(), make_job()
    lease_module.claim(job_id=running.pk)
    call_command("engines", "drain", "quick")
    assert startable("quick") == []
    assert {e["name"]: e["is_available"] for e in engine_list()} == {"quick": False, "second": True}
    sweep()
    running.refresh_from_db()
    waiting.refresh_from_db()
    assert (running.state, running.engine) == ("rendering", "quick")
    assert (waiting.state, waiting.engine, waiting.model) == ("queued", "second", "second-best")
    new = make_job()
    assert (new.engine, new.model, new.engine_is_procedural) == ("second", "second-best", False)
    call_command("engines", "resume", "quick")
    assert make_job(make_user("bob")).engine == "quick"


def test_a_job_that_nobody_else_draws_holds_up_no_other(make_job, engine, second):
    odd, plain = make_job(size="640x360"), make_job()
    second.engine.capabilities = replace(second.engine.capabilities, sizes=("360x640",))
    reports.disconnect()
    breaker.drain("quick")
    sweep()
    odd.refresh_from_db()
    plain.refresh_from_db()
    assert (odd.engine, plain.engine) == ("quick", "second")


def test_without_a_stand_in_jobs_wait_for_a_drained_engine(make_job, engine):
    breaker.drain("quick")
    job = make_job()
    sweep()
    run_job(job_id=job.pk)
    job.refresh_from_db()
    assert (job.state, job.engine) == ("queued", "quick")
    breaker.resume("quick")
    assert startable("quick") == [job.pk]


@pytest.mark.parametrize("action", ["drain", "resume"])
def test_only_an_engine_that_there_is_can_be_drained(engine, action):
    with pytest.raises(CommandError, match="no engine 'slow'"):
        call_command("engines", action, "slow")
    assert not EngineState.objects.exists()


def test_the_circuit_opens_after_failures_over_a_while_and_one_job_tries_it(
    make_job, make_user, settings
):
    jobs = [make_job(make_user(name)) for name in ("one", "two")]
    settings.ENGINES["quick"]["slots"] = 2
    for _ in range(FAILURES_MIN + 2):
        assert note_failure("quick") is False  # a restart takes as long
    EngineState.objects.update(failing_since=_ago(PATIENCE))
    assert note_failure("quick") is True
    assert (state_of("quick"), startable("quick")) == ("open", [])
    EngineState.objects.update(open_until=_ago(timedelta(0)))
    assert (state_of("quick"), startable("quick")) == ("trying", [jobs[0].pk])
    assert note_failure("quick") is True
    EngineState.objects.update(open_until=_ago(COOLING))
    note_success("quick")
    assert (state_of("quick"), len(startable("quick"))) == ("works", 2)


def test_failures_noted_at_once_are_all_counted(db):
    def fail() -> None:
        note_failure("quick")
        connection.close()

    threads = [threading.Thread(target=fail) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert EngineState.objects.get().failures == 8


def test_a_model_runs_only_under_a_licence_that_the_operator_accepts(
    make_job, make_user, engine, settings
):
    engine.engine.capabilities = replace(CAPABILITIES, licence="LTX-2-Community")
    reports.disconnect()
    request = GenerationRequest(prompt="A ball.", seconds=1)
    ada = make_user("eve")
    for accepted in (None, "Apache-2.0"):
        settings.ENGINES = {"quick": {"url": engine.url, "accept_licence": accepted}}
        with pytest.raises(EngineNotReady):
            submit(by=ada, request=request)
        assert [e["is_available"] for e in engine_list()] == [False]
    assert not Job.objects.exists()
    settings.ENGINES = {"quick": {"url": engine.url, "accept_licence": "LTX-2-Community"}}
    assert submit(by=ada, request=request).engine == "quick"


MP4_START = b"\0\0\0\x18ftypmp42"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"
HOSTILE = {
    "another type": ({"content": body(b"<html>")}, "engine_answer_unusable"),
    "no film behind its beginning": ({"content": body(MP4_START * 99)}, "engine_film_unusable"),
    "no video object": ({"POST": body(b"[]")}, "engine_answer_unusable"),
    "an endless answer": ({"GET": endless(b"{")}, "answer_too_large"),
    "ten gigabytes": ({"content": endless(MP4_START, length=10 * 1024**3)}, "answer_too_large"),
    "a redirect": ({"content": redirect("http://127.0.0.1:1/")}, "engine_answer_unusable"),
    "nothing that can be stored": (
        {"GET": said(video("failed", error={"code": "a\0b", "message": "\ud800\0"}))}, "ab",
    ),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("how", HOSTILE)
def test_a_hostile_engine_harms_its_own_job_alone(make_job, engine, settings, monkeypatch, how):
    answers, code = HOSTILE[how]
    monkeypatch.setattr("engine.exchange.MAX_VIDEO_BYTES", 8 << 20)
    good_video = {"POST": said(video("queued")), "GET": said(video())}
    with hostile(**(good_video | answers)) as bad:
        settings.ENGINES = {**settings.ENGINES, "bad": {"url": bad.url}}
        mine = make_job()
        Job.objects.filter(pk=mine.pk).update(engine="bad")
        other = make_job()
        worker = in_thread(mine)
        run(other)
        worker.join(60)
        assert not worker.is_alive()
    mine.refresh_from_db()
    assert (mine.state, mine.error["code"]) == ("failed", code)
    assert (other.state, other.error) == ("ready", None)
    assert Clip.objects.count() == 1


@pytest.mark.slow
def test_a_job_leaves_an_engine_that_drips(make_job, engine, second, settings, monkeypatch):
    monkeypatch.setattr("engine.exchange.DOWNLOAD_SECONDS", 0.5)
    monkeypatch.setattr(breaker, "PATIENCE", timedelta(seconds=1))
    drip = dripping(OK + MP4_START)
    with hostile(POST=said(video("queued")), GET=said(video()), content=drip) as bad:
        settings.ENGINES = {**settings.ENGINES, "bad": {"url": bad.url, "fallback": ["second"]}}
        job = make_job()
        Job.objects.filter(pk=job.pk).update(engine="bad")
        assert (run(job).state, job.engine) == ("ready", "second")


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        (5, "'url' must begin"),
        ({"url": "file:///etc/passwd"}, "'url' must begin"),
        ({"url": "http://a", "speed": 1}, "there is no 'speed'"),
        ({"url": "http://a", "slots": 0}, "'slots' must be"),
        ({"url": "http://a", "fallback": ["nobody"]}, "'fallback' must be"),
        ({"url": "http://a", "fallback": ["engine"]}, "'fallback' must be"),
        ({"url": "http://a", "dialect": "latin"}, "there is no dialect 'latin'"),
        ({"url": "http://a", "dialect": "sglang"}, "`offers` must"),
        ({"url": "http://a", "dialect": "sglang", "offers": {}}, "'model' is missing"),
        (
            {"url": "http://a", "dialect": "sglang",
             "offers": {"model": "m", "sizes": ["large"], "max_seconds": 5}},
            "'sizes' is wrong",
        ),
        (
            {"url": "http://a", "dialect": "sglang",
             "offers": {"model": "m", "sizes": ["64x64"], "max_seconds": 5, "smell": 1}},
            "there is no 'smell'",
        ),
    ],
)  # fmt: skip
def test_engines_that_could_never_be_asked_are_found_by_check(settings, entry, said):
    settings.ENGINES = {"engine": entry}
    (error,) = check_engines()
    assert (error.id, said in error.msg) == ("vignette.E010", True)
    settings.ENGINES = {
        "engine": {"url": "http://a"},
        "b": {"url": "https://b", "fallback": ["engine"]},
    }
    assert check_engines() == []


def _ago(delta: timedelta) -> datetime:
    return timezone.now() - delta
