"""Messages are hints: they are sent on commit, and losing them loses nothing."""

from __future__ import annotations

import json
import time

import pytest
from celery import Celery
from django.conf import settings
from django.db import transaction
from redis import Redis

from core import wake
from generation.models import Job
from generation.services.lease import claim
from generation.services.moves import move
from generation.services.sweep import sweep
from generation.states import State

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def messages():
    """Return a function that takes all messages from the real queue: [(task, arguments)]."""
    valkey = Redis.from_url(settings.REDIS_URL)
    valkey.delete("celery")

    def take() -> list[tuple[str, str]]:
        with valkey.pipeline() as pipe:
            raw, _ = pipe.lrange("celery", 0, -1).delete("celery").execute()
        headers = [json.loads(message)["headers"] for message in reversed(raw)]
        return [(h["task"], h["argsrepr"].strip("(),'")) for h in headers]

    yield take
    valkey.delete("celery")
    valkey.close()


def test_a_worker_is_called_on_commit_and_never_before(make_job, messages):
    with transaction.atomic():
        job = make_job()
        assert messages() == []
    assert messages() == [("generation.run_job", str(job.pk))]
    with transaction.atomic():
        make_job()
        transaction.set_rollback(True)
    assert messages() == []


def test_a_dead_broker_fails_nothing_and_the_sweep_calls_again(
    make_job, messages, monkeypatch, caplog
):
    dead = Celery(broker="redis+socket:///nothing-listens-here", set_as_current=False)
    dead.conf.broker_transport_options = settings.CELERY_BROKER_TRANSPORT_OPTIONS
    with monkeypatch.context() as patched:
        patched.setattr(wake, "current_app", dead)
        started_at = time.monotonic()
        job = make_job()
        assert time.monotonic() - started_at < 2
    assert Job.objects.get().state == "queued"
    assert "the broker does not answer" in caplog.text
    assert messages() == []
    sweep()
    assert messages() == [("generation.run_job", str(job.pk))]


def test_the_end_of_a_rendering_calls_a_worker_for_the_next_job(make_job, make_user, messages):
    first, second = make_job(), make_job(make_user("bob"))
    held = claim(job_id=first.pk)
    messages()
    sweep()
    assert messages() == []  # no slot is free
    move(held, State.FINISHING)
    assert messages() == [("generation.run_job", str(second.pk))]


def test_a_job_that_ends_with_a_video_on_the_engine_has_it_removed(make_job, messages):
    held = claim(job_id=make_job().pk)
    Job.objects.update(engine_video_id="video_1")
    messages()
    move(held, State.CANCELLED)
    assert messages() == [("generation.release_engine", str(held.pk))]
