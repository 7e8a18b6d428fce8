"""Likenesses on their way through the flow: the gates, and what a finished clip proves."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from cameos.errors import CameoNotPermitted
from cameos.models import Cameo, CameoUse, Receipt
from core.marker import marker
from core.storage import read_media
from credits.selectors import balance_of
from engine.errors import EngineError
from feed.models import Clip, ClipCast
from generation.engines import reports
from generation.models import Appeal, Job
from generation.services import run as run_module
from generation.services.appeals import decide_appeal
from generation.services.dead_letters import replay
from generation.services.request import GenerationRequest, RemixOf
from generation.services.run import run_job
from notifications.models import Event
from provenance.claims import CONSENT_ASSERTION
from provenance.signing import read_manifest
from tests.cameos.terms import uses
from tests.clips import make_clip
from tests.fakes.engine import CAPABILITIES
from tests.generation.casts import (
    URL,
    allow_frames,
    ask,
    body,
    committed,
    end,
    ended,
    is_released,
    make_face,
    mark_quickly,
    portrait_of,
)


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
    assert asked.prompt == "@ada-rex runs in a park with @nobody, with @cleo"
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
