"""The generation API over HTTP: what is accepted, what is refused, and who sees what."""

from __future__ import annotations

from dataclasses import replace

import pytest

from credits.models import Hold
from generation.models import Job
from generation.services.lease import claim
from generation.services.moves import move
from generation.states import State
from moderation.models import PromptCheck

URL = "/api/v1/generations"
BODY = {"prompt": "A red ball rolls down a ramp.", "seconds": 2}


@pytest.fixture
def ada(make_user, client_of, engine):
    """Ada's API client."""
    client = client_of(make_user("ada"))
    client.post_json = lambda path, body, **headers: client.post(
        path, body, format="json", headers=headers
    )
    return client


def refused(answer) -> tuple[int, str, list[str]]:
    """Return status, code and fields of a problem."""
    assert answer["Content-Type"] == "application/problem+json", answer.content
    body = answer.json()
    return answer.status_code, body["code"], [error["field"] for error in body["errors"]]


def test_a_request_is_accepted_as_a_queued_job(ada):
    answer = ada.post_json(URL, BODY)
    assert answer.status_code == 202
    job = answer.json()
    assert {
        key: job[key] for key in ("state", "progress", "stage", "position", "clip", "error")
    } == {
        "state": "queued",
        "progress": 0,
        "stage": "queued",
        "position": 1,
        "clip": None,
        "error": None,
    }
    row = Job.objects.get()
    assert job["recipe"] == {
        "engine": "quick",
        "prompt": BODY["prompt"],
        "shots": None,
        "seconds": 2,
        "size": "360x640",
        "seed": row.seed,
        "style": None,
        "negative_prompt": None,
        "audio": True,
        "cameos": [],
        "input_reference": None,
    }
    assert ada.get(f"{URL}/{job['id']}").json() == job


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"prompt": ""}, "invalid", "prompt"),
        ({"prompt": "   "}, "invalid", "prompt"),
        ({"prompt": None}, "invalid", "prompt"),
        ({"prompt": "x" * 10_000}, "invalid", "prompt"),
        ({"prompt": "a\x00b"}, "invalid", "prompt"),
        ({"prompt": ["x"]}, "invalid", "prompt"),
        ({"seconds": 0}, "seconds_out_of_range", "seconds"),
        ({"seconds": 999}, "seconds_out_of_range", "seconds"),
        ({"seconds": 10**30}, "seconds_out_of_range", "seconds"),
        ({"seconds": "soon"}, "invalid", "seconds"),
        ({"size": "1x1"}, "size_not_offered", "size"),
        ({"size": "1" * 13}, "invalid", "size"),
        ({"engine": "nope"}, "unknown_engine", "engine"),
        ({"seed": -1}, "invalid", "seed"),
        ({"seed": 2**31}, "invalid", "seed"),
        ({"caption": "x" * 301}, "invalid", "caption"),
        ({"caption": "a\x00b"}, "invalid", "caption"),
        ({"remix_of": {"clip": "x", "kind": "remix"}}, "invalid", "remix_of.clip"),
        ({"remix_of": {"clip": "0" * 32, "kind": "eat"}}, "invalid", "remix_of.kind"),
        ({"shots": [{"prompt": "x", "seconds": 1}]}, "invalid", "prompt"),
    ],
)
def test_a_wrong_field_is_named_and_nothing_is_stored(ada, change, code, field):
    answer = ada.post_json(URL, BODY | change)
    assert refused(answer) == (422, code, [field])
    assert not Job.objects.exists()
    assert refused(ada.post_json(f"{URL}/preflight", BODY | change)) == (422, code, [field])


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ({}, "invalid", "prompt"),
        ({"shots": []}, "invalid", "shots"),
        ({"shots": [{"prompt": "x", "seconds": 1}] * 4}, "too_many_shots", "shots"),
        ({"shots": [{"prompt": "x", "seconds": 1}], "seconds": 5}, "invalid", "seconds"),
        ({"shots": [{"prompt": " ", "seconds": 1}]}, "invalid", "shots.0.prompt"),
    ],
)
def test_wrong_shots_are_named(ada, body, code, field):
    assert refused(ada.post_json(URL, body)) == (422, code, [field])
    assert not Job.objects.exists()


def test_a_take_may_be_shorter_than_a_clip(ada, engine):
    engine.engine.capabilities = replace(engine.engine.capabilities, max_shot_seconds=3)
    shots = [{"prompt": "a", "seconds": 3}, {"prompt": "b", "seconds": 3}]
    assert ada.post_json(URL, {"shots": shots}).status_code == 202
    stored = Job.objects.count()
    shots[1]["seconds"] = 4
    for body, field in ((BODY | {"seconds": 4}, "seconds"), ({"shots": shots}, "shots")):
        assert refused(ada.post_json(URL, body)) == (422, "seconds_out_of_range", [field])
    assert Job.objects.count() == stored


def test_shots_and_scripts_of_every_direction_are_accepted(ada):
    shots = [
        {"prompt": "كرة حمراء تتدحرج", "seconds": 2, "camera": "slow pan"},
        {"prompt": "A blue box falls.", "seconds": 1},
    ]
    job = ada.post_json(URL, {"shots": shots, "caption": "שלום"}).json()
    assert job["recipe"]["seconds"] == 3
    assert job["recipe"]["shots"] == [shots[0], shots[1] | {"camera": None}]


def test_a_remix_of_a_clip_that_is_not_there_is_404(ada):
    remix = {"clip": "01990000-0000-7000-8000-000000000000", "kind": "remix"}
    answer = ada.post_json(URL, BODY | {"remix_of": remix})
    assert answer.status_code == 404
    assert not Job.objects.exists()


def test_policy_refuses_with_rule_and_span_and_stores_nothing(ada):
    body = BODY | {"prompt": "A ball. Two people having explicit sex, fully naked."}
    answer = ada.post_json(URL, body)
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (422, "prompt_refused")
    reason = problem["reasons"][0]
    assert reason["field"] == "prompt"
    start, end = reason["span"]
    assert body["prompt"][start:end]
    assert all(reason[key] for key in ("rule", "message", "suggestion"))
    assert not Job.objects.exists()
    assert not PromptCheck.objects.exists()
    preflight = ada.post_json(f"{URL}/preflight", body)
    assert preflight.status_code == 200
    assert (preflight.json()["allowed"], preflight.json()["reasons"]) == (False, problem["reasons"])
    assert refused(ada.post_json(URL, BODY | {"caption": body["prompt"]}))[1] == "prompt_refused"


def test_preflight_allows_what_the_real_call_would_and_stores_nothing(ada):
    assert ada.post_json(f"{URL}/preflight", BODY).json() == {
        "allowed": True,
        "reasons": [],
        "price": 10,
        "balance": 150,
        "eta_seconds": None,
        "needs_consent_of": [],
    }
    assert not Job.objects.exists()


def test_the_same_key_makes_one_job(ada):
    key = {"Idempotency-Key": "k1"}
    first = ada.post_json(URL, BODY, **key)
    again = ada.post_json(URL, BODY, **key)
    assert (again.status_code, again.json()) == (202, first.json())
    assert Job.objects.count() == 1
    other = ada.post_json(URL, BODY | {"seconds": 3}, **key)
    assert refused(other)[:2] == (422, "idempotency_mismatch")
    assert Job.objects.count() == 1


def test_a_user_may_have_as_many_unfinished_jobs_as_their_plan_says(ada):
    for _ in range(5):
        assert ada.post_json(URL, BODY).status_code == 202
    assert refused(ada.post_json(URL, BODY))[:2] == (429, "too_many_generations")
    assert Job.objects.count() == 5
    ada.delete(f"{URL}/{Job.objects.first().pk}")
    assert ada.post_json(URL, BODY).status_code == 202


def test_another_users_job_is_not_there(ada, make_user, client_of):
    job = ada.post_json(URL, BODY).json()
    bob = client_of(make_user("bob"))
    before = Job.objects.values().get()
    assert refused(bob.get(f"{URL}/{job['id']}"))[:2] == (404, "not_found")
    assert refused(bob.delete(f"{URL}/{job['id']}"))[:2] == (404, "not_found")
    assert bob.get(URL).json() == {"items": [], "next": None}
    assert Job.objects.values().get() == before


def test_strangers_and_suspended_users_make_nothing(api, client_of, suspended_user, engine):
    assert refused(api.post(URL, BODY, format="json"))[:2] == (401, "not_authenticated")
    client = client_of(suspended_user)
    assert refused(client.post(URL, BODY, format="json"))[:2] == (403, "account_suspended")
    assert client.get(URL).status_code == 200
    assert not Job.objects.exists()


@pytest.mark.parametrize("state", ["queued", "rendering", "finishing"])
def test_delete_cancels_in_every_unfinished_state_and_twice_is_harmless(ada, state):
    path = f"{URL}/{ada.post_json(URL, BODY).json()['id']}"
    job = Job.objects.get()
    if state != "queued":
        job = claim(job_id=job.pk)
    if state == "finishing":
        move(job, State.FINISHING)
    for _ in range(2):
        answer = ada.delete(path)
        assert (answer.status_code, answer.json()["state"]) == (200, "cancelled")
    assert Hold.objects.get().state == "released"
    assert ada.get(f"{URL}?state=cancelled").json()["items"] == [answer.json()]


def test_a_job_that_failed_stays_failed_when_it_is_cancelled(ada):
    path = f"{URL}/{ada.post_json(URL, BODY).json()['id']}"
    move(claim(job_id=Job.objects.get().pk), State.FAILED, error_code="why", error_message="So.")
    answer = ada.delete(path).json()
    assert (answer["state"], answer["error"]["code"]) == ("failed", "why")


def test_my_jobs_are_listed_by_state_and_page(ada):
    ids = [ada.post_json(URL, BODY).json()["id"] for _ in range(3)]
    page = ada.get(f"{URL}?limit=2&state=queued").json()
    rest = ada.get(f"{URL}?limit=2&state=queued&cursor={page['next']}").json()
    assert [job["id"] for job in page["items"] + rest["items"]] == ids[::-1]
    assert [job["position"] for job in page["items"]] == [3, 2]
    assert ada.get(f"{URL}?state=ready").json()["items"] == []
    assert refused(ada.get(f"{URL}?state=done")) == (422, "invalid", ["state"])
    assert refused(ada.get(f"{URL}?cursor=x"))[:2] == (400, "bad_cursor")


def test_engines_are_described_and_one_that_is_away_says_so(ada, engine, settings):
    settings.ENGINES = {**settings.ENGINES, "gone": {"url": "http://127.0.0.1:1"}}
    gone, quick = ada.get("/api/v1/engines").json()["items"]
    assert (gone["name"], gone["is_available"], gone["sizes"]) == ("gone", False, [])
    assert (quick["name"], quick["is_available"], quick["is_default"]) == ("quick", True, True)
    assert (quick["min_seconds"], quick["max_seconds"], quick["max_shots"]) == (1, 10, 3)
    answer = ada.post_json(URL, BODY | {"engine": "gone"})
    assert refused(answer)[:2] == (503, "engine_unavailable")
    assert not Job.objects.exists()


def test_an_engines_words_are_told_and_kept(ada, engine, api):
    path = "/api/v1/engines/quick/vocabulary"
    answer = ada.get(path)
    assert answer.json() == {"things": ["unicorn"], "speech": ['"']}
    assert ada.get(path, headers={"If-None-Match": answer["ETag"]}).status_code == 304
    engine.stop()
    assert ada.get(path).json() == answer.json()
    assert refused(ada.get("/api/v1/engines/unheard-of/vocabulary"))[:2] == (404, "not_found")
    assert refused(api.get(path))[:2] == (401, "not_authenticated")


def test_words_of_an_engine_that_never_answered_are_not_there_yet(ada, engine):
    engine.stop()
    answer = ada.get("/api/v1/engines/quick/vocabulary")
    assert refused(answer)[:2] == (503, "engine_unavailable")


def test_jobs_are_accepted_while_the_engine_restarts(ada, engine, monkeypatch):
    ada.get("/api/v1/engines")
    engine.stop()
    monkeypatch.setattr("generation.engines.reports.FRESH_SECONDS", 0.0)
    assert ada.post_json(URL, BODY).status_code == 202
    assert not ada.get("/api/v1/engines").json()["items"][0]["is_available"]
