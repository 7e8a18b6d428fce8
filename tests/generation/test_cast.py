"""Likenesses on their way through the flow: the gates, the questions, and what ends them."""

from __future__ import annotations

import threading
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from functools import partial
from io import BytesIO
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.utils import timezone
from PIL import Image

from cameos.errors import CameoNotPermitted, CosignClosed
from cameos.models import Cameo, CameoUse, Cosign, Receipt
from cameos.services import answer_cosign, expire_cosigns, revoke, withdraw_use
from core.marker import marker
from core.storage import read_media
from credits.models import Hold
from credits.selectors import balance_of
from engine.errors import EngineError
from feed.models import Clip, ClipCast
from feed.services import tell_of_ends
from generation.engines import reports
from generation.errors import LeaseLost
from generation.models import Appeal, Job
from generation.selectors import queue_of
from generation.services import run as run_module
from generation.services.appeals import decide_appeal
from generation.services.cancel import cancel
from generation.services.dead_letters import replay
from generation.services.lease import claim
from generation.services.moves import move
from generation.services.request import GenerationRequest, RemixOf
from generation.services.run import run_job
from generation.services.submit import preflight, submit
from generation.services.sweep import sweep
from generation.services.work import work_dir
from generation.states import State
from notifications.models import Event
from provenance.claims import CONSENT_ASSERTION
from provenance.signing import read_manifest
from tests.cameos.terms import uses
from tests.clips import make_clip
from tests.fakes.engine import CAPABILITIES, QuickEngine, served
from tests.generation.casts import allow_frames, make_face, mark_quickly, portrait_of
from tests.generation.workers import in_thread, wait_for, wait_until
from tests.racing import race

URL = "/api/v1/generations"
committed = pytest.mark.django_db(transaction=True)


@pytest.fixture(scope="module")
def running(small_video, tmp_path_factory):
    """A quick engine that draws faces, for all tests of this file."""
    with served(QuickEngine(small_video), tmp_path_factory.mktemp("faces")) as running:
        yield running
        running.engine.may_finish.set()


@pytest.fixture
def engine(running, settings):
    """The quick engine as if it had just started, as the only one that ENGINES names."""
    quick = running.engine
    quick.capabilities = replace(CAPABILITIES, operations=("characters",))
    quick.error = None
    quick.requests.clear()
    quick.cancelled.clear()
    quick.may_finish.set()
    settings.ENGINES = {"quick": {"url": running.url, "slots": 1}}
    settings.ENGINE_DEFAULT = "quick"
    reports.disconnect()
    yield running
    reports.disconnect()


@pytest.fixture
def quick_end(monkeypatch) -> None:
    """Let what is drawn be allowed and marked in no time."""
    monkeypatch.setattr(run_module, "check_frames", allow_frames)
    monkeypatch.setattr(run_module, "ensure_marked", mark_quickly)


@pytest.fixture
def ada(make_user):
    return make_user("ada")


@pytest.fixture
def face(make_user) -> Cameo:
    """Cleo's likeness, which everybody may use."""
    return make_face(make_user("cleo"))


@pytest.fixture
def api(client_of, ada):
    """Ada's API client."""
    return client_of(ada)


def body(**change):
    return {"prompt": "A red ball rolls.", "seconds": 1, "cameos": ["@cleo"]} | change


def ask(by, **change) -> Job:
    """Submit a request with Cleo in it."""
    fields = body(**change)
    return submit(by=by, request=GenerationRequest(**fields | {"cameos": tuple(fields["cameos"])}))


def ended(job: Job) -> tuple[str, str]:
    job.refresh_from_db()
    return job.state, job.error_code


def is_released(job: Job) -> bool:
    """Say whether a job's credits are its author's again."""
    return not Hold.objects.filter(reference=job.reference, state="held").exists()


def end(cameo) -> None:
    """Revoke through the service, as its owner."""
    revoke(handle=cameo.handle, by=cameo.owner)


# --- the request


@committed
def test_a_named_face_reaches_the_engine_the_clip_and_the_owners_list(
    ada, face, engine, api, quick_end
):
    rex = make_face(ada, kind="character", handle="ada-rex")
    prompt = "@ada-rex runs in a park with @nobody."
    made = api.post(URL, body(prompt=prompt, publish=True), format="json")
    assert made.status_code == 202, made.content
    assert made.json()["recipe"]["cameos"] == ["@cleo", "@ada-rex"]
    job = Job.objects.get()
    assert (job.cast, job.cast_inherited) == ([face.pk, rex.pk], [])
    run_job(job_id=job.pk)
    assert ended(job) == ("ready", "")
    (asked,) = engine.engine.requests
    assert [each.name for each in asked.cast] == ["@ada-rex", "@cleo"]
    shades = [Image.open(BytesIO(each.face)).getpixel((9, 9))[0] for each in asked.cast]
    wanted = [
        Image.open(BytesIO(portrait_of(name))).getpixel((9, 9))[0] for name in ("ada", "cleo")
    ]
    assert shades == pytest.approx(wanted, abs=3)
    assert api.get(f"/api/v1/clips/{job.clip_id}").json()["cameos"] == ["@ada-rex", "@cleo"]
    assert uses(cameo=face, clip_id=job.reserved_clip_id) == [
        ("submit", "allowed", ""),
        ("start", "allowed", ""),
        ("publish", "allowed", ""),
    ]
    assert Event.objects.filter(user=face.owner, type="cameo.used").exists()


def test_only_what_is_drawn_mentions_somebody(ada, face, engine):
    job = ask(ada, cameos=(), caption="Thanks to @cleo", negative_prompt="@cleo")
    assert job.cast == []
    assert not CameoUse.objects.exists()


def test_an_engine_without_faces_takes_no_cameos(ada, face, engine, api):
    engine.engine.capabilities = CAPABILITIES
    reports.disconnect()
    for change in ({}, {"cameos": [], "prompt": "@cleo waves."}):
        refused = api.post(URL, body(**change), format="json")
        assert (refused.status_code, refused.json()["code"]) == (422, "cameos_not_offered")
        assert refused.json()["errors"][0]["field"] == "cameos"
    assert api.get("/api/v1/engines").json()["items"][0]["cameos"] is False
    assert not CameoUse.objects.exists()


def test_the_list_of_engines_tells_who_draws_faces(api, engine):
    assert api.get("/api/v1/engines").json()["items"][0]["cameos"] is True


def test_too_many_and_unknown_names_are_refused(ada, face, engine, api, make_user):
    faces = [make_face(make_user(f"u{n}")) for n in range(4)]
    prompt = " ".join(f"@{one.handle}" for one in faces)
    for path in (URL, f"{URL}/preflight"):
        refused = api.post(path, body(prompt=prompt), format="json")
        assert (refused.status_code, refused.json()["code"]) == (422, "too_many_cameos")
    assert api.post(URL, body(cameos=["@x"] * 5), format="json").json()["code"] == "invalid"
    refused = api.post(URL, body(cameos=["@nobody"]), format="json").json()
    assert (refused["code"], refused["reason"], refused["cameo"]) == (
        "cameo_not_permitted",
        "unknown",
        "nobody",
    )
    (reason,) = api.post(f"{URL}/preflight", body(cameos=["@nobody"]), format="json").json()[
        "reasons"
    ]
    assert (reason["field"], reason["rule"]) == ("cameos", "cameo_not_permitted")
    assert not Job.objects.exists()


@pytest.mark.parametrize("headers", [{}, {"Idempotency-Key": "one"}])
@committed
def test_a_refused_use_is_kept_and_nothing_else(ada, face, engine, api, headers):
    Cameo.objects.update(audience="only_me")
    told = api.post(f"{URL}/preflight", body(), format="json").json()
    assert (told["allowed"], told["reasons"][0]["rule"]) == (False, "cameo_not_permitted")
    assert not CameoUse.objects.exists()
    before = balance_of(ada.pk).balance
    refused = api.post(URL, body(), format="json", headers=headers)
    assert (refused.status_code, refused.json()["reason"]) == (403, "not_in_audience")
    assert uses() == [("submit", "denied", "not_in_audience")]
    assert not Job.objects.exists()
    assert balance_of(ada.pk).balance == before


# --- questions to owners


@pytest.fixture
def asked(ada, face, engine) -> Job:
    """A job that waits for Cleo's word."""
    Cameo.objects.update(ask_me=True)
    return ask(ada, publish=True)


def answer(*, is_approved: bool) -> None:
    question = Cosign.objects.get()
    answer_cosign(cosign_id=question.pk, by=question.cameo.owner, is_approved=is_approved)


def test_a_job_waits_for_the_owners_word(asked, api, ada):
    told = api.get(f"{URL}/{asked.pk}").json()
    assert (told["state"], told["position"], told["eta_seconds"]) == (
        "awaiting_consent",
        None,
        None,
    )
    assert not is_released(asked)
    assert queue_of("quick") == []
    assert claim(job_id=asked.pk) is None
    preview = Cosign.objects.get().preview
    assert (preview["prompt"], preview["cameos"]) == ("A red ball rolls.", ["@cleo"])
    asked.refresh_from_db()
    left = asked.deadline_at - timezone.now()
    assert timedelta(hours=48) < left < timedelta(hours=50)
    found = preflight(by=ada, request=GenerationRequest("A ball.", 1, cameos=("@cleo",)))
    assert (found.allowed, found.needs_consent_of, found.eta_seconds) == (True, ["@cleo"], None)


def test_waiting_jobs_count_among_the_unfinished(ada, face, asked, api):
    while api.post(URL, body(), format="json").status_code == 202:
        pass
    assert api.post(URL, body(), format="json").json()["code"] == "too_many_generations"
    assert set(Job.objects.values_list("state", flat=True)) == {"awaiting_consent"}


@committed
def test_approved_it_is_made(asked, engine, quick_end):
    answer(is_approved=True)
    assert ended(asked) == ("queued", "")
    assert asked.consented_at is not None
    run_job(job_id=asked.pk)
    assert ended(asked) == ("ready", "")
    assert asked.clip.state == "published"
    assert [each.name for each in engine.engine.requests[0].cast] == ["@cleo"]


@pytest.mark.parametrize("how", ["denied", "expired", "late", "cancelled"])
def test_without_consent_it_ends_and_the_credits_are_back(asked, ada, how):
    before = balance_of(ada.pk).balance
    if how == "denied":
        answer(is_approved=False)
    elif how == "expired":
        Cosign.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
        expire_cosigns()
    elif how == "late":  # nothing told us so: the job's own deadline
        Job.objects.update(deadline_at=timezone.now() - timedelta(seconds=1))
        sweep()
    else:
        cancel(job_id=asked.pk, by=ada.pk)
    assert (
        ended(asked)
        == {
            "denied": ("refused", "cosign_denied"),
            "expired": ("expired", "cosign_expired"),
            "late": ("expired", "cosign_expired"),
            "cancelled": ("cancelled", ""),
        }[how]
    )
    assert not asked.is_retryable  # no dead letter: nobody can help it
    assert is_released(asked)
    assert balance_of(ada.pk).balance == before + asked.price
    states = {"late": "dropped", "cancelled": "dropped"}
    assert Cosign.objects.get().state == states.get(how, how)
    assert Event.objects.filter(user=ada, type__startswith="generation.").count() == 1


@committed
def test_cancelling_against_an_answer_ends_in_one_way(asked, ada):
    def act(n: int) -> None:
        if n % 2:
            cancel(job_id=asked.pk, by=ada.pk)
        elif n == 0:
            with suppress(CosignClosed):
                answer(is_approved=True)

    race(act, times=4)
    assert ended(asked) == ("cancelled", "")
    assert is_released(asked)


# --- the start gate


@committed
def test_no_picture_leaves_once_the_terms_say_no(ada, face, engine):
    job = ask(ada)
    Cameo.objects.update(is_paused=True)
    run_job(job_id=job.pk)
    assert ended(job) == ("refused", "cameo_not_permitted")
    assert "nobody use it" in job.error_message
    assert engine.engine.requests == []
    assert uses(gate="start") == [("start", "denied", "paused")]
    assert is_released(job)


@committed
def test_an_owner_who_wants_to_be_asked_since_is_asked(ada, face, engine, quick_end):
    job = ask(ada)
    Cameo.objects.update(ask_me=True)
    run_job(job_id=job.pk)
    assert ended(job) == ("awaiting_consent", "")
    assert (job.lease_until, engine.engine.requests) == (None, [])
    answer(is_approved=True)
    run_job(job_id=job.pk)
    assert ended(job) == ("ready", "")


@committed
def test_without_its_picture_a_job_fails(ada, face, engine, monkeypatch):
    monkeypatch.setattr("generation.services.casting.open_portraits", lambda ids: {})
    job = ask(ada)
    run_job(job_id=job.pk)
    assert ended(job) == ("failed", "cameo_unavailable")
    assert engine.engine.requests == []


@committed
def test_what_is_spoken_is_held_against_the_restrictions(ada, face, engine, monkeypatch):
    heard = {}

    def refuse(**told):
        heard.update(told)
        raise CameoNotPermitted(reason="restricted", rule="violence", cameo="cleo")

    monkeypatch.setattr(run_module, "check_frames", allow_frames)
    monkeypatch.setattr(run_module, "check_film", refuse)
    job = ask(ada, prompt='@cleo says "Down with them." and "All of them."')
    run_job(job_id=job.pk)
    assert ended(job) == ("refused", "cameo_not_permitted")
    assert heard["transcript"] == "Down with them.\nAll of them."
    assert (heard["cameo_ids"], heard["nudity"]) == ([face.pk], 0.0)
    assert not Clip.objects.exists()


@committed
def test_terms_that_change_while_it_is_finished_keep_the_clip_back(
    ada, face, engine, monkeypatch, quick_end
):
    def pause_then_mark(raw, *, job, lease):
        Cameo.objects.update(is_paused=True)
        return mark_quickly(raw, job=job, lease=lease)

    monkeypatch.setattr(run_module, "ensure_marked", pause_then_mark)
    draft, published = ask(ada), ask(ada, publish=True, prompt="@cleo walks.")
    run_job(job_id=draft.pk)
    Cameo.objects.update(is_paused=False)
    run_job(job_id=published.pk)
    for job in (draft, published):
        assert ended(job) == ("refused", "cameo_not_permitted")
    assert uses(gate="publish") == [("publish", "denied", "paused")]
    assert not Clip.objects.exists()


# --- remixes


@committed
def test_a_remix_asks_for_the_faces_of_its_parent_and_draws_those_it_names(
    ada, face, engine, make_user, client_of, quick_end
):
    parent = make_clip(ada, cast=[face.pk])
    bob, remix_of = make_user("bob"), RemixOf(parent.pk, "remix")
    plain = ask(bob, cameos=(), remix_of=remix_of)
    named = ask(bob, remix_of=remix_of)
    assert (plain.cast, plain.cast_inherited) == ([face.pk], [face.pk])
    assert (named.cast, named.cast_inherited) == ([face.pk], [])
    assert uses(clip_id=plain.reserved_clip_id) == [("remix", "allowed", "")]
    assert {gate for gate, *_ in uses(clip_id=named.reserved_clip_id)} == {"remix", "submit"}
    for job in (plain, named):
        run_job(job_id=job.pk)
        assert ended(job) == ("ready", "")
    assert [len(each.cast) for each in engine.engine.requests] == [0, 1]
    assert set(ClipCast.objects.values_list("clip_id", "is_inherited")) == {
        (parent.pk, False),
        (plain.clip_id, True),
        (named.clip_id, False),
    }
    Cameo.objects.update(audience="only_me")
    told = client_of(bob).post(
        f"{URL}/preflight",
        body(cameos=[], remix_of={"clip": str(parent.pk)}),
        format="json",
    )
    assert [one["rule"] for one in told.json()["reasons"]] == ["cameo_not_permitted"]
    with pytest.raises(CameoNotPermitted):
        ask(bob, cameos=(), remix_of=remix_of)
    assert uses(gate="remix", outcome="denied") == [("remix", "denied", "not_in_audience")]


# --- what ends a job


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
            run_module.finish(job=job, marked=mark_quickly(Path(), job=job, lease=None))

    race(act, times=len(held) + 1)
    for job in jobs:
        state, code = ended(job)
        assert (state, code) in {("refused", "cameo_revoked"), ("ready", "")}
        assert is_released(job)
    ready = Job.objects.filter(state=State.READY).count()
    assert Clip.objects.count() == ready
    assert Clip.objects.exclude(ended_reason="cameo_revoked").count() == 0


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


# --- what a finished clip proves


@pytest.mark.slow
@committed
def test_the_manifest_names_receipts_and_the_desk_tells_whether_they_hold(
    ada, face, engine, api, settings, make_user
):
    job = ask(ada, publish=True, prompt="@cleo walks.")
    run_job(job_id=job.pk)
    assert ended(job) == ("ready", "")
    (receipt,) = Receipt.objects.all()
    mp4 = read_media(f"{job.clip.media_prefix}clip.mp4")
    path = Path(settings.WORK_DIR) / "stored.mp4"
    path.write_bytes(mp4)
    reading = read_manifest(path, "video/mp4", marker())
    where = f"/api/v1/consents/{receipt.pk}"
    assert reading.assertion(CONSENT_ASSERTION) == {
        "receipts": [{"id": str(receipt.pk), "status_url": where}]
    }
    assert "cleo" not in str(reading)
    assert api.get(where).json()["status"] == "valid"

    def verified() -> dict:
        file = SimpleUploadedFile("clip.mp4", mp4)
        return api.post("/api/v1/verify", {"file": file}).json()["clip"]

    found = verified()
    assert found["credentials"]["author"] == "ada"
    consent = {"id": str(receipt.pk), "status_url": where}
    assert found["consents"] == [consent | {"status": "valid"}]
    child = ask(make_user("bob"), cameos=(), remix_of=RemixOf(job.clip_id, "remix"))
    run_job(job_id=child.pk)
    assert ended(child) == ("ready", "")
    assert Receipt.objects.filter(clip_id=child.clip_id, cameo=face).exists()
    end(face)
    found = verified()
    assert found["credentials"] is None
    assert found["consents"] == [consent | {"status": "revoked"}]
    assert set(Clip.objects.values_list("ended_reason", flat=True)) == {"cameo_revoked"}


# --- made anew


@committed
def test_what_is_replayed_asks_again(ada, face, engine, quick_end):
    engine.engine.error = EngineError("The card is full.", code="out_of_memory")
    job = ask(ada)
    run_job(job_id=job.pk)
    assert ended(job) == ("failed", "out_of_memory")
    Cameo.objects.update(is_paused=True)
    with pytest.raises(CameoNotPermitted):
        replay(job_id=job.pk)
    assert uses(outcome="denied") == [("submit", "denied", "paused")]
    assert Job.objects.dead_letters().count() == 1
    Cameo.objects.update(is_paused=False)
    again = replay(job_id=job.pk)
    assert again.cast == [face.pk]
    assert again.reserved_clip_id != job.reserved_clip_id


@pytest.mark.parametrize("is_paused", [False, True])
def test_an_appeal_keeps_the_cast_and_its_terms(ada, face, engine, api, make_moderator, is_paused):
    prompt = "@cleo watches. Two people having explicit sex, fully naked."
    refused = body(prompt=prompt, cameos=[])
    assert api.post(URL, refused, format="json").json()["code"] == "prompt_refused"
    made = api.post(f"{URL}/appeals", {"request": body(prompt=prompt)}, format="json")
    Cameo.objects.update(is_paused=is_paused)
    decide_appeal(
        appeal_id=made.json()["id"], by=make_moderator(), uphold=True, reason="It is art."
    )
    told = Event.objects.get(type="generation.appeal_decided").data
    assert Appeal.objects.get().state == "upheld"
    if is_paused:
        assert told["error"]["code"] == "cameo_not_permitted"
        assert uses() == [("submit", "denied", "paused")]
        assert not Job.objects.exists()
    else:
        assert Job.objects.get().cast == [face.pk]


def test_requests_of_before_cameos_are_read():
    kept = GenerationRequest("A ball.", 1, cameos=("@cleo",)).as_json()
    assert GenerationRequest.from_json(kept).cameos == ("@cleo",)
    del kept["cameos"]
    assert GenerationRequest.from_json(kept).cameos == ()
