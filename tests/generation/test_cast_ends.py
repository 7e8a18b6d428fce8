"""What ends a job whose clip would show a likeness, wherever it is."""

from __future__ import annotations

import threading
from contextlib import suppress
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.db import connection
from django.utils import timezone

from cameos.errors import CameoNotPermitted, CosignClosed
from cameos.models import Cameo, Cosign
from cameos.selectors import reach_of
from cameos.services import answer_cosign, withdraw_use
from credits.selectors import balance_of
from feed.models import Clip, ClipCast
from feed.services import tell_of_ends
from generation.errors import LeaseLost
from generation.models import Job
from generation.services import run as run_module
from generation.services.finish import finish
from generation.services.moves import move
from generation.services.run import run_job
from generation.services.sweep import sweep
from generation.services.work import work_dir
from generation.states import State
from notifications.models import Event
from tests.clips import make_clip
from tests.generation.casts import (
    ask,
    committed,
    end,
    ended,
    is_released,
    make_face,
    mark_quickly,
)
from tests.generation.workers import in_thread, wait_for, wait_until
from tests.racing import race


@pytest.fixture
def engine(faces_engine):
    return faces_engine


@pytest.fixture
def ada(make_user):
    return make_user("ada")


@pytest.fixture
def api(client_of, ada):
    """Ada's API client."""
    return client_of(ada)


def is_drawn(job: Job) -> bool:
    wait_for(job, engine_video_id__gt="", progress__gt=0)
    return True


@pytest.fixture
def brought_to(engine, face, ada, monkeypatch, quick_end):
    """Return a function that brings a job to a state, and lets its worker go on at the end."""
    reached, may_go_on = threading.Event(), threading.Event()
    workers: list[threading.Thread] = []

    def mark_slowly(raw, *, job, lease):
        reached.set()
        assert may_go_on.wait(60)
        return mark_quickly(raw, job=job, lease=lease)

    def bring(state: str) -> Job:
        Cameo.objects.update(ask_me=state == "awaiting_consent")
        if state == "rendering":
            engine.engine.may_finish.clear()
        job = ask(ada, publish=True)
        if state in {"rendering", "finishing"}:
            workers.append(in_thread(job))
            has_come = partial(reached.wait, 60) if state == "finishing" else partial(is_drawn, job)
            assert has_come()
        assert Job.objects.get().state == state
        return job

    def let_go() -> None:
        may_go_on.set()
        for worker in workers:
            worker.join(60)
            assert not worker.is_alive()

    monkeypatch.setattr(run_module, "ensure_marked", mark_slowly)
    yield bring, let_go
    engine.engine.may_finish.set()
    let_go()


@pytest.mark.parametrize("how", ["revoked", "withdrawn"])
@pytest.mark.parametrize("state", ["awaiting_consent", "queued", "rendering", "finishing"])
@committed
def test_a_job_ends_wherever_it_is(ada, face, engine, brought_to, state, how):
    bring, let_go = brought_to
    before = balance_of(ada.pk).balance
    job = bring(state)
    if how == "revoked":
        code = "cameo_revoked"
        end(face)
    else:
        code = "use_withdrawn"
        withdraw_use(handle="cleo", clip_id=job.reserved_clip_id, by=face.owner)
    assert ended(job) == ("refused", code)
    assert is_released(job)
    assert balance_of(ada.pk).balance == before
    assert not Job.objects.active().exists()  # the slot is free
    assert not Cosign.objects.filter(state="asked").exists()
    let_go()
    assert not (Path(django_settings.WORK_DIR) / str(job.pk)).exists()
    run_job(job_id=job.pk)
    assert ended(job) == ("refused", code)
    assert not Clip.objects.exists()
    told = Event.objects.filter(user=ada, type__startswith="generation.")
    assert list(told.values_list("type", flat=True)) == ["generation.refused"]
    Job.objects.update(finished_at=timezone.now() - timedelta(minutes=5))
    sweep()
    if state == "rendering":
        wait_until(lambda: engine.engine.cancelled)


def test_a_process_that_dies_after_a_revocation_leaves_nothing_undone(ada, face, engine):
    Cameo.objects.update(ask_me=True)
    other = make_face(ada, kind="character", handle="ada-rex", ask_me=True)
    job = ask(ada, cameos=("@cleo", "@ada-rex"))
    assert Cosign.objects.filter(cameo=other).count() == 0  # one's own needs no word
    (work_dir(job.pk) / "raw.mp4").write_bytes(b"drawn")
    clip = make_clip(ada)
    ClipCast.objects.create(clip=clip, cameo=face, is_inherited=False)
    end(face)  # inside of the test's transaction: what follows a commit never happens
    assert ended(job) == ("refused", "cameo_revoked")
    assert Clip.objects.get(pk=clip.pk).ended_reason == "cameo_revoked"
    assert work_dir(job.pk).exists()
    assert not Event.objects.filter(type="clip.hidden").exists()
    Job.objects.update(finished_at=timezone.now() - timedelta(minutes=5))
    for _ in range(2):
        sweep()
    assert not (Path(django_settings.WORK_DIR) / str(job.pk)).exists()
    assert not Cosign.objects.filter(state="asked").exists()
    assert Event.objects.filter(user=ada, type="clip.hidden").count() == 1
    assert tell_of_ends() == 0


@committed
def test_finishing_against_revoking_leaves_nothing_that_is_seen(
    ada, face, engine, make_user, quick_end
):
    jobs = [ask(make_user(), publish=True) for _ in range(4)]
    held = []
    for job in jobs:
        Job.objects.filter(pk=job.pk).update(state=State.RENDERING, fence=1)
        job.refresh_from_db()
        move(job, State.FINISHING, lease_until=timezone.now() + timedelta(minutes=1))
        held.append(job)

    def act(n: int) -> None:
        if n == 2:
            end(face)
            return
        job = held[n if n < 2 else n - 1]
        with suppress(CameoNotPermitted, LeaseLost):
            finish(job=job, marked=mark_quickly(Path(), job=job, lease=None))

    race(act, times=len(held) + 1)
    for job in jobs:
        state, code = ended(job)
        assert (state, code) in {("refused", "cameo_revoked"), ("ready", "")}
        assert is_released(job)
    ready = Job.objects.filter(state=State.READY).count()
    assert Clip.objects.count() == ready
    assert Clip.objects.exclude(ended_reason="cameo_revoked").count() == 0


@committed
def test_owners_who_end_and_answer_at_once_end_every_job_once(face, engine, make_user):
    other = make_face(make_user("dora"), handle="dora", ask_me=True)
    Cameo.objects.update(ask_me=True)
    jobs = [ask(make_user(), cameos=("@cleo", "@dora")) for _ in range(4)]
    asked = list(Cosign.objects.filter(cameo=other))
    assert len(asked) == len(jobs)
    reach = reach_of(face).counts()
    assert (reach["clips"], reach["in_making"], reach["cosigns"], reach["people"]) == (4, 4, 4, 4)

    def act(n: int) -> None:
        if n < 2:
            end((face, other)[n])
        else:
            with suppress(CosignClosed):
                answer_cosign(cosign_id=asked[n - 2].pk, by=other.owner, is_approved=n % 2 == 0)

    race(act, times=2 + len(jobs))
    assert {ended(job)[0] for job in jobs} == {"refused"}
    assert {ended(job)[1] for job in jobs} <= {"cameo_revoked", "cosign_denied"}
    assert all(is_released(job) for job in jobs)
    assert not Cosign.objects.filter(state="asked").exists()
    assert set(Cameo.objects.values_list("state", flat=True)) == {"revoked"}


@pytest.mark.parametrize("ask_me", [False, True])
@committed
def test_a_cameo_that_ends_before_its_job_is_there_is_noticed(
    ada, face, engine, monkeypatch, ask_me
):
    """The revocation commits between the submit gate and the job."""
    Cameo.objects.update(ask_me=ask_me)

    def end_first(user_id) -> None:
        thread = threading.Thread(target=end_in_thread, args=(face,))
        thread.start()
        thread.join(60)

    monkeypatch.setattr("generation.services.submit.lock_user_jobs", end_first)
    if ask_me:
        with pytest.raises(CameoNotPermitted):
            ask(ada)
        assert not Job.objects.exists()
        assert not Cosign.objects.exists()
    else:
        job = ask(ada)
        run_job(job_id=job.pk)
        assert ended(job) == ("refused", "cameo_revoked")
    assert Cameo.objects.get().state == "revoked"
    assert engine.engine.requests == []


def end_in_thread(cameo) -> None:
    try:
        end(cameo)
    finally:
        connection.close()
