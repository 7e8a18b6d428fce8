"""Failures that may pass are tried again after a pause; those that do not wait for an operator."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from core import switches
from credits.selectors import balance_of
from engine.errors import EngineError
from feed.models import Clip
from generation.errors import NoDeadLetter
from generation.models import Job
from generation.scheduling.fair import Priority
from generation.selectors import dead_letters, startable
from generation.services import run as run_module
from generation.services.dead_letters import dismiss, replay
from generation.services.run import pause_after, run_job
from generation.services.sweep import sweep
from notifications.models import Event
from tests.generation.workers import in_thread, wait_for
from tests.racing import race

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def three_tries(monkeypatch):
    monkeypatch.setattr(run_module, "TRIES_MAX", 3)


def end_pause(job: Job) -> None:
    """Let the pause of a job be over."""
    Job.objects.filter(pk=job.pk).update(not_before=timezone.now() - timedelta(seconds=1))


def fail(make_job, engine, **fields) -> Job:
    """Return a job that failed by the engine's fault."""
    engine.engine.error = EngineError("The card is full.", code="out_of_memory")
    job = make_job(**fields)
    run_job(job_id=job.pk)
    job.refresh_from_db()
    assert job.state == "failed"
    engine.engine.error = None
    return job


def test_a_failure_that_may_pass_is_tried_again_after_a_growing_pause(
    make_job, engine, three_tries
):
    engine.engine.error = EngineError("The card is full.", code="out_of_memory")
    job = make_job()
    pauses = []
    for tries in (2, 3):
        run_job(job_id=job.pk)
        job.refresh_from_db()
        assert (job.state, job.stage, job.tries) == ("queued", "retrying", tries)
        pauses.append((job.not_before - timezone.now()).total_seconds())
        assert startable("quick") == []
        run_job(job_id=job.pk)  # too early
        assert len(engine.engine.requests) == tries - 1
        end_pause(job)
        assert startable("quick") == [job.pk]
    assert 3 < pauses[0] < 6.5
    assert 15 < pauses[1] < 25
    run_job(job_id=job.pk)
    job.refresh_from_db()
    assert (job.state, job.error["code"]) == ("failed", "out_of_memory")
    assert len(engine.engine.requests) == 3
    assert list(Event.objects.values_list("type", flat=True)) == ["generation.failed"]


@pytest.mark.slow
def test_the_second_try_may_make_the_clip(make_job, engine, three_tries):
    engine.engine.error = EngineError("The card is full.", code="out_of_memory")
    job = make_job()
    run_job(job_id=job.pk)
    engine.engine.error = None
    end_pause(job)
    run_job(job_id=job.pk)
    job.refresh_from_db()
    assert (job.state, job.tries, job.error) == ("ready", 2, None)
    assert Clip.objects.count() == 1


@pytest.mark.parametrize("code", ["moderation_blocked"])
def test_what_cannot_pass_is_not_tried_again(make_job, engine, three_tries, code):
    engine.engine.error = EngineError("No.", code=code)
    job = make_job()
    run_job(job_id=job.pk)
    job.refresh_from_db()
    assert (job.state, job.error["retryable"], len(engine.engine.requests)) == ("failed", False, 1)
    assert list(dead_letters()) == []


def test_pauses_grow_and_differ():
    assert {round(pause_after(1).total_seconds(), 3) for _ in range(20)} != {5.0}
    for tries, seconds in ((1, 5), (2, 20), (3, 80)):
        assert 0.8 * seconds <= pause_after(tries).total_seconds() <= 1.2 * seconds


def test_the_sweep_calls_a_worker_once_the_pause_is_over(
    make_job, engine, three_tries, monkeypatch
):
    engine.engine.error = EngineError("The card is full.", code="out_of_memory")
    job = make_job()
    run_job(job_id=job.pk)
    called = []
    monkeypatch.setattr("generation.services.moves.wake_on_commit", called.append)
    sweep()
    assert called == []
    end_pause(job)
    sweep()
    assert called == [job.pk]


def test_a_dead_letter_is_replayed_once_first_and_for_nothing(make_job, make_user, engine):
    ada = make_user("ada")
    failed = fail(make_job, engine, user=ada, seed=7, caption="Round")
    before = balance_of(ada.pk).balance
    others = [make_job(make_user(f"u{n}x")) for n in range(2)]
    made = race(lambda _: _replayed(failed), times=4)
    again = Job.objects.get(replay_of=failed)
    assert sorted(one is None for one in made) == [False, True, True, True]
    assert (again.price, again.priority, again.seed, again.caption) == (
        0, Priority.URGENT, 7, "Round",
    )  # fmt: skip
    assert balance_of(ada.pk).balance == before
    assert startable("quick") == [again.pk]
    assert len(others) == 2
    failed.refresh_from_db()
    assert (failed.state, failed.seen_to_at is not None) == ("failed", True)
    assert list(dead_letters()) == []


def _replayed(job: Job) -> Job | None:
    try:
        return replay(job_id=job.pk)
    except NoDeadLetter:
        return None


def test_a_replay_that_cannot_be_queued_leaves_the_dead_letter(make_job, engine, settings):
    failed = fail(make_job, engine)
    engines, settings.ENGINES = settings.ENGINES, {}
    with pytest.raises(CommandError, match="unknown_engine"):
        call_command("dead_letters", "replay", str(failed.pk))
    settings.ENGINES = engines
    assert list(dead_letters()) == [failed]


def test_the_operator_lists_replays_and_dismisses(make_job, engine, capsys):
    first, second = fail(make_job, engine), fail(make_job, engine)
    call_command("dead_letters")
    listed = capsys.readouterr().out
    assert [line.split("\t")[0] for line in listed.splitlines()] == [str(second.pk), str(first.pk)]
    assert "out_of_memory\t@ada\tThe card is full." in listed
    call_command("dead_letters", "dismiss", str(first.pk))
    with pytest.raises(NoDeadLetter):
        dismiss(job_id=first.pk)
    call_command("dead_letters", "replay", "all")
    assert list(dead_letters()) == []
    assert Job.objects.filter(replay_of=second).exists()
    assert not Job.objects.filter(replay_of=first).exists()
    with pytest.raises(CommandError, match="no_dead_letter"):
        call_command("dead_letters", "replay", str(first.pk))


@pytest.mark.parametrize("name", ["generation", "engine:quick"])
def test_a_switch_takes_a_job_off_its_engine_until_it_is_back(make_job, engine, name):
    engine.engine.may_finish.clear()
    job = make_job()
    worker = in_thread(job)
    wait_for(job, progress__gt=0)
    switches.throw_switch(name=name, reason="It draws what it should not.", by="operator")
    worker.join(5)
    assert not worker.is_alive()
    job.refresh_from_db()
    assert (job.state, job.engine_video_id) == ("queued", "")
    run_job(job_id=job.pk)
    job.refresh_from_db()
    assert job.state == "queued"
    engine.engine.may_finish.set()
    engine.engine.error = EngineError("seen", code="seen")
    switches.release_switch(name=name, by="operator")
    run_job(job_id=job.pk)
    job.refresh_from_db()
    assert job.error["code"] == "seen"


def test_read_only_lets_go_on_what_runs_and_starts_nothing(make_job, engine):
    running, waiting = make_job(), make_job()
    engine.engine.may_finish.clear()
    engine.engine.error = EngineError("seen", code="seen")
    worker = in_thread(running)
    wait_for(running, progress__gt=0)
    switches.throw_switch(name="read_only", reason="A new disk.", by="operator")
    run_job(job_id=waiting.pk)
    engine.engine.may_finish.set()
    worker.join(60)
    running.refresh_from_db()
    waiting.refresh_from_db()
    assert (running.error["code"], waiting.state) == ("seen", "queued")
