"""Who may work on a job: slots, turns, leases and fences."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from credits.models import ClipCost
from credits.selectors.costs import forget_budget
from credits.services import record_cost
from feed.models import Clip
from generation.errors import LeaseLost
from generation.models import Job, Share, WorkPace
from generation.selectors import queue_of
from generation.selectors.pace import Paces
from generation.services import lease as lease_module
from generation.services.finish import finish
from generation.services.lease import (
    claim,
    end_leases_of_the_dead,
    give_back,
    lease_kept,
)
from generation.services.moves import move
from generation.services.sweep import sweep
from generation.services.work import work_dir
from generation.states import State
from notifications.models import Event
from provenance.pipeline import MarkedClip


def run_out_lease(job: Job) -> None:
    """Let the worker of a job have been silent for long."""
    Job.objects.filter(pk=job.pk).update(lease_until=timezone.now() - timedelta(seconds=1))


def marked_files(job: Job) -> MarkedClip:
    """Put files where marking puts them; what is in them does not matter here."""
    folder = work_dir(job.pk) / "marked"
    folder.mkdir()
    (folder / "clip.mp4").write_bytes(b"clip")
    mp4 = folder / "clip.mp4"
    return MarkedClip(mp4, mp4, mp4, (), None, 360, 640, 1.0, ("clip.mp4",), {})


def test_a_claim_takes_the_job_with_a_lease_and_a_new_fence(make_job):
    job = make_job()
    held = claim(job_id=job.pk)
    assert (held.state, held.fence) == ("rendering", 1)
    left = held.lease_until - timezone.now()
    assert timedelta(seconds=20) < left <= lease_module.LEASE
    assert held.started_at is not None
    assert claim(job_id=job.pk) is None


@pytest.mark.django_db(transaction=True)
def test_of_two_workers_one_gets_the_job(make_job):
    job = make_job()
    start = threading.Barrier(2)
    claimed: list[Job | None] = []

    def work() -> None:
        start.wait(10)
        claimed.append(claim(job_id=job.pk))
        connection.close()

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(10)
    assert sorted(one is None for one in claimed) == [False, True]
    job.refresh_from_db()
    assert job.fence == 1


@pytest.mark.django_db(transaction=True)
def test_parallel_claims_never_take_more_than_the_slots(make_job, make_user, settings):
    settings.ENGINES["quick"]["slots"] = 2
    jobs = [make_job(make_user(f"u{n}x")) for n in range(6)]
    start = threading.Barrier(6)

    def work(job: Job) -> None:
        start.wait(10)
        claim(job_id=job.pk)
        connection.close()

    workers = [threading.Thread(target=work, args=(job,)) for job in jobs]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(10)
    assert Job.objects.filter(state=State.RENDERING).count() <= 2
    for job_id in queue_of("quick"):
        claim(job_id=job_id)
    assert Job.objects.filter(state=State.RENDERING).count() == 2


def test_a_finishing_job_leaves_its_slot_to_the_next(make_job, make_user):
    first, second = make_job(), make_job(make_user("bob"))
    held = claim(job_id=first.pk)
    assert claim(job_id=second.pk) is None
    move(held, State.FINISHING)
    assert claim(job_id=second.pk).pk == second.pk


def test_turns_go_round_the_users(make_job, make_user, settings):
    ada, bob = make_user("ada"), make_user("bob")
    of_ada = [make_job(ada) for _ in range(3)]
    of_bob = [make_job(bob) for _ in range(2)]
    expected = [of_ada[0], of_bob[0], of_ada[1], of_bob[1], of_ada[2]]
    assert queue_of("quick") == [job.pk for job in expected]
    assert claim(job_id=of_bob[0].pk) is None  # not its turn
    assert claim(job_id=of_ada[0].pk) is not None


def test_a_job_whose_worker_fell_silent_is_queued_again(make_job):
    job = make_job()
    claim(job_id=job.pk)
    sweep()
    job.refresh_from_db()
    assert job.state == "rendering"
    run_out_lease(job)
    sweep()
    job.refresh_from_db()
    assert (job.state, job.lease_until) == ("queued", None)
    assert claim(job_id=job.pk).fence == 2


def test_a_worker_that_starts_ends_the_leases_of_dead_ones_on_its_machine(make_job, make_user):
    dead, alive = make_job(), make_job(make_user("bob"))
    for job in (dead, alive):
        move(claim(job_id=job.pk), State.FINISHING)
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    Job.objects.filter(pk=dead.pk).update(worker=f"{socket.gethostname()}:{gone.pid}")
    assert end_leases_of_the_dead() == 1
    sweep()
    assert dict(Job.objects.values_list("pk", "state")) == {
        dead.pk: "queued",
        alive.pk: "finishing",
    }


def test_a_worker_with_an_old_fence_cannot_finish(make_job):
    job = make_job()
    old = claim(job_id=job.pk)
    move(old, State.FINISHING)
    marked = marked_files(old)
    run_out_lease(job)
    sweep()
    new = claim(job_id=job.pk)
    with pytest.raises(LeaseLost):
        finish(job=old, marked=marked)
    with pytest.raises(LeaseLost):
        move(old, State.FAILED)
    assert not Clip.objects.exists()
    assert not give_back(old, wake=False)
    move(new, State.FINISHING)
    with pytest.raises(LeaseLost):  # the same state again, but another fence
        finish(job=old, marked=marked)
    finish(job=new, marked=marked)
    assert Clip.objects.get().media_prefix == f"clips/{job.reserved_clip_id}/2/"
    assert Event.objects.count() == 1


def test_a_job_that_loses_every_worker_fails(make_job, monkeypatch):
    monkeypatch.setattr("generation.services.sweep.CLAIMS_MAX", 2)
    job = make_job()
    for _ in range(2):
        claim(job_id=job.pk)
        run_out_lease(job)
        sweep()
    job.refresh_from_db()
    assert job.state == "failed"
    assert job.error == {
        "code": "worker_lost",
        "message": "2 workers were lost with this job.",
        "retryable": True,
    }


@pytest.mark.parametrize("state", ["queued", "rendering", "finishing"])
def test_no_state_lasts_longer_than_its_deadline(make_job, state):
    job = make_job()
    if state != "queued":
        job = claim(job_id=job.pk)
    if state == "finishing":
        move(job, State.FINISHING)
    Job.objects.filter(pk=job.pk).update(deadline_at=timezone.now() - timedelta(seconds=1))
    sweep()
    job.refresh_from_db()
    assert (job.state, job.error["code"], job.error["retryable"]) == (
        "expired",
        "deadline_passed",
        True,
    )


@pytest.mark.django_db(transaction=True)
def test_a_kept_lease_is_renewed_and_a_lost_one_is_noticed(make_job, monkeypatch):
    monkeypatch.setattr(lease_module, "RENEW_SECONDS", 0.05)
    job = claim(job_id=make_job().pk)
    run_out_lease(job)
    with lease_kept(job) as lease:
        deadline = timezone.now() + timedelta(seconds=10)
        while Job.objects.lease_ran_out().exists():
            assert timezone.now() < deadline
        Job.objects.filter(pk=job.pk).update(fence=99)
        assert lease.ended.wait(10)
        with pytest.raises(LeaseLost):
            lease.check()


def test_nothing_is_started_once_the_budget_is_spent(make_job, settings):
    job = make_job()
    settings.BUDGET_DAILY = 0.01
    record_cost(
        reference="test:an-hour",
        user_id=None,
        engine="quick",
        model="quick",
        engine_seconds=3600.0,
        storage_bytes=0,
        outcome="ready",
    )
    forget_budget()
    assert claim(job_id=job.pk) is None
    settings.BUDGET_DAILY = 0.0
    forget_budget()
    assert claim(job_id=job.pk) is not None


def test_what_a_clip_took_is_written_down_and_put_right_in_its_authors_share(make_job):
    first, second = make_job(), make_job()
    held = claim(job_id=first.pk)
    assert Share.objects.get().served == pytest.approx(first.cost_seconds)
    Job.objects.filter(pk=held.pk).update(state_since=timezone.now() - timedelta(seconds=40))
    held.refresh_from_db()
    move(held, State.FINISHING)
    assert held.engine_seconds == pytest.approx(40, abs=5)
    assert Share.objects.get().served == pytest.approx(40, abs=5)
    move(held, State.FAILED, error_code="x", error_message="x", is_retryable=True)
    assert ClipCost.objects.get().engine_seconds == pytest.approx(held.engine_seconds)
    assert second.cost_seconds == first.cost_seconds
    assert Paces().cost("quick", "360x640", 1) == pytest.approx(40, abs=5)


def test_a_job_that_goes_back_has_cost_its_author_no_turn(make_job):
    job = make_job()
    held = claim(job_id=job.pk)
    assert give_back(held, wake=False)
    assert Share.objects.get().served == pytest.approx(0)
    assert not WorkPace.objects.exists()
