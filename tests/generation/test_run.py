"""run_job from a queued row to a clip, against a real engine server."""

from __future__ import annotations

import threading
import time
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings as django_settings

from core.storage import read_media
from engine.errors import EngineError
from feed.models import Clip
from feed.services import update_clip
from generation.models import Job
from generation.services import lease as lease_module
from generation.services.cancel import cancel
from generation.services.request import RemixOf
from generation.services.run import run_job
from generation.services.sweep import release_engine, sweep, tidy
from generation.states import State
from notifications.models import Event
from remix.models import Edge
from tests.generation.workers import in_thread, wait_for

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.slow
def test_a_job_becomes_a_published_clip_once(make_job, engine):
    job = make_job(prompt="A unicorn and a ball.", publish=True, caption="Round", seed=7)
    run_job(job_id=job.pk)
    run_job(job_id=job.pk)
    job.refresh_from_db()
    assert (job.state, job.progress, job.error) == ("ready", 100, None)
    assert job.not_drawn == [{"phrase": "unicorn", "instead": "box"}]
    clip = Clip.objects.get()
    assert (clip.pk, clip.mark_id, clip.state) == (job.reserved_clip_id, job.mark_id, "published")
    assert (clip.engine, clip.engine_is_procedural, clip.caption) == ("quick", True, "Round")
    assert read_media(f"{clip.media_prefix}clip.mp4")[4:8] == b"ftyp"
    assert [(r.prompt, r.seed) for r in engine.engine.requests] == [("A unicorn and a ball.", 7)]
    assert list(Event.objects.values_list("type", flat=True)) == ["generation.ready"]
    assert not (Path(django_settings.WORK_DIR) / str(job.pk)).exists()
    Job.objects.update(finished_at=job.finished_at - timedelta(minutes=5))
    sweep()
    job.refresh_from_db()
    assert (job.engine_video_id, job.tidied_at is not None) == ("", True)
    assert read_media(f"{clip.media_prefix}clip.mp4")


@pytest.mark.slow
def test_what_is_spoken_reaches_the_viewer_as_captions(make_job, make_user, client_of):
    spoken = make_job(prompt='A woman says "The ball is round."', publish=True)
    silent = make_job(prompt="A ball.", publish=True)
    for job in (spoken, silent):
        run_job(job_id=job.pk)
        job.refresh_from_db()
        assert (job.state, job.error) == ("ready", None)
    bob = client_of(make_user("bob"))
    card = bob.get(f"/api/v1/clips/{spoken.clip_id}").json()
    captions = bob.get(card["captions_url"])
    text = b"".join(captions.streaming_content).decode()
    assert text == "WEBVTT\n\n00:00.100 --> 00:00.900\nThe ball is round.\n"
    master = b"".join(bob.get(card["hls_url"]).streaming_content).decode()
    assert 'URI="captions.m3u8"' in master
    card = bob.get(f"/api/v1/clips/{silent.clip_id}").json()
    assert card["captions_url"] is None


def test_captions_that_are_none_fail_the_job(make_job, engine, monkeypatch):
    monkeypatch.setattr("engine.client.MAX_CAPTIONS_BYTES", 10)
    job = make_job(prompt='A woman says "The ball is round."')
    run_job(job_id=job.pk)
    job.refresh_from_db()
    assert (job.state, job.error["code"]) == ("failed", "answer_too_large")
    assert not Clip.objects.exists()


@pytest.mark.slow
def test_a_remix_is_a_signed_child_of_its_parent(make_job, make_user):
    parent_job = make_job(publish=True)
    run_job(job_id=parent_job.pk)
    parent = Clip.objects.get()
    bob = make_user("bob")
    remix_of = RemixOf(parent.pk, "remix")
    child, barred = make_job(bob, remix_of=remix_of), make_job(bob, remix_of=remix_of)
    run_job(job_id=child.pk)
    child.refresh_from_db()
    assert (child.state, child.error) == ("ready", None)
    assert list(Edge.objects.values_list("child_id", "parent_id", "kind")) == [
        (child.clip_id, parent.pk, "remix")
    ]
    # Permission is looked at again at the end, not only when the remix was asked for.
    update_clip(clip_id=parent.pk, by=parent.author, remix_allowed="off")
    run_job(job_id=barred.pk)
    barred.refresh_from_db()
    assert (barred.state, barred.error["code"]) == ("refused", "remix_not_allowed")
    assert not Clip.objects.filter(pk=barred.reserved_clip_id).exists()
    stored = Path(django_settings.MEDIA_ROOT) / "clips" / str(barred.reserved_clip_id)
    assert any(stored.rglob("clip.mp4"))
    tidy(barred)
    assert not any(stored.rglob("*"))


@pytest.mark.slow
def test_an_author_suspended_meanwhile_gets_no_clip(make_job, make_user):
    ada = make_user("ada")
    job = make_job(ada, publish=True)
    ada.is_active = False
    ada.save()
    run_job(job_id=job.pk)
    job.refresh_from_db()
    assert (job.state, job.error["code"]) == ("refused", "account_inactive")
    assert not Clip.objects.exists()


def test_a_failed_render_fails_the_job_with_the_engines_code(make_job, engine):
    engine.engine.error = EngineError("The scene has no floor.", code="no_floor")
    job = make_job()
    run_job(job_id=job.pk)
    job.refresh_from_db()
    assert job.state == "failed"
    assert job.error == {
        "code": "no_floor",
        "message": "The scene has no floor.",
        "retryable": True,
    }
    assert not Clip.objects.exists()


def test_a_request_that_the_engine_rejects_fails_the_job(make_job):
    job = make_job()
    Job.objects.update(size="1x1")  # what a change of the engine's limits amounts to
    run_job(job_id=job.pk)
    job.refresh_from_db()
    assert (job.state, job.error["code"], job.error["retryable"]) == (
        "failed",
        "invalid_value",
        False,
    )


def test_an_engine_that_restarts_is_asked_again_and_gives_up_after_three_losses(make_job, engine):
    engine.engine.may_finish.clear()
    job = make_job()
    worker = in_thread(job)
    for attempt in (1, 2, 3):
        wait_for(job, attempt=attempt, engine_video_id__gt="")
        engine.stop()
        engine.start()
    worker.join(60)
    job.refresh_from_db()
    assert (job.state, job.error["code"]) == ("failed", "engine_lost_video")
    assert len(engine.engine.requests) == 3


def test_a_worker_waits_for_an_engine_that_is_away(make_job, engine):
    job = make_job()
    engine.stop()
    worker = in_thread(job)
    wait_for(job, stage="waiting_for_engine")
    engine.engine.error = EngineError("seen", code="seen")
    engine.start()
    worker.join(60)
    job.refresh_from_db()
    assert job.error["code"] == "seen"


@pytest.mark.parametrize("state", ["queued", "rendering"])
def test_cancelling_stops_the_engine_and_the_worker(make_job, engine, state):
    engine.engine.may_finish.clear()
    job = make_job()
    worker = None
    if state == "rendering":
        worker = in_thread(job)
        wait_for(job, progress__gt=0)
    assert cancel(job_id=job.pk, by=job.user_id).state == "cancelled"
    assert cancel(job_id=job.pk, by=job.user_id).state == "cancelled"
    release_engine(job_id=job.pk)
    if worker is not None:
        worker.join(60)
        assert not worker.is_alive()
        deadline = time.monotonic() + 60
        while not engine.engine.cancelled:
            assert time.monotonic() < deadline
            time.sleep(0.01)
    job.refresh_from_db()
    assert (job.state, job.engine_video_id) == ("cancelled", "")
    assert list(Event.objects.values_list("type", flat=True)) == ["generation.cancelled"]
    run_job(job_id=job.pk)
    assert not Clip.objects.exists()


def test_a_stopping_worker_gives_its_job_back_at_once(make_job, engine, monkeypatch):
    engine.engine.may_finish.clear()
    job = make_job()
    worker = in_thread(job)
    wait_for(job, progress__gt=0)
    monkeypatch.setattr(lease_module, "_stopping", threading.Event())
    lease_module.stop_working()
    worker.join(60)
    assert not worker.is_alive()
    job.refresh_from_db()
    assert (job.state, job.lease_until, job.attempt) == (State.QUEUED, None, 1)
    assert job.engine_video_id
    assert lease_module.claim(job_id=job.pk) is None  # this process takes no more
