"""The preflight says what the real call does: the same decision, for the same reason."""

from __future__ import annotations

import pytest

from core import switches
from credits.models import Hold
from credits.selectors import balance_of
from credits.services import hold
from generation.models import Job, WorkPace
from generation.services.lease import claim
from generation.services.moves import move
from generation.states import State
from tests.clips import make_clip

URL = "/api/v1/generations"
BODY = {"prompt": "A red ball rolls down a ramp.", "seconds": 2}
FORBIDDEN = "A ball. Two people having explicit sex, fully naked."


@pytest.fixture
def ada(make_user, client_of, engine):
    """Ada's API client."""
    user = make_user("ada")
    client = client_of(user)
    client.user = user
    client.post_json = lambda path, body: client.post(path, body, format="json")
    return client


def no_credits(ada, settings):
    left = balance_of(ada.user.pk).balance
    hold(user_id=ada.user.pk, reference="test:all-but-seven", amount=left - 7)


def too_many(ada, settings):
    while ada.post_json(URL, BODY).status_code == 202:
        pass


def stop_generation(ada, settings):
    switches.throw_switch(name="generation", reason="It draws what it should not.", by="operator")


def freeze_engine(ada, settings):
    switches.throw_switch(name="engine:quick", reason="It draws what it should not.", by="operator")


def spend_budget(ada, settings):
    settings.BUDGET_DAILY = 0.000001
    job_id = ada.post_json(URL, BODY).json()["id"]
    move(claim(job_id=job_id), State.FAILED, error_code="x", error_message="x")


def fill_queue(ada, settings):
    job_id = ada.post_json(URL, BODY).json()["id"]
    Job.objects.filter(pk=job_id).update(cost_seconds=100_000.0)


CASES = {
    "allowed": (None, {}, None, None),
    "policy": (None, {"prompt": FORBIDDEN}, 422, "prompt_refused"),
    "policy, a shot": (
        None,
        {"prompt": None, "shots": [{"prompt": FORBIDDEN, "seconds": 2}]},
        422,
        "prompt_refused",
    ),
    "credits": (no_credits, {}, 402, "insufficient_credits"),
    "unfinished jobs": (too_many, {}, 429, "too_many_generations"),
    "stopped": (stop_generation, {}, 503, "generation_stopped"),
    "frozen": (freeze_engine, {}, 503, "generation_stopped"),
    "budget": (spend_budget, {}, 503, "budget_spent"),
    "queue": (fill_queue, {}, 503, "queue_full"),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_the_preflight_decides_as_the_real_call(ada, settings, case):
    prepare, change, status, code = CASES[case]
    if prepare:
        prepare(ada, settings)
    body = {name: value for name, value in (BODY | change).items() if value is not None}
    jobs, holds = Job.objects.count(), Hold.objects.count()
    told = ada.post_json(f"{URL}/preflight", body)
    assert told.status_code == 200, told.content
    assert (Job.objects.count(), Hold.objects.count()) == (jobs, holds)
    real = ada.post_json(URL, body)
    assert (real.status_code, real.json().get("code")) == (status or 202, code)
    verdict = told.json()
    assert verdict["allowed"] == (real.status_code == 202)
    if code == "prompt_refused":
        assert verdict["reasons"] == real.json()["reasons"]
    elif code:
        assert [one["rule"] for one in verdict["reasons"]] == [code]
        assert (Job.objects.count(), Hold.objects.count()) == (jobs, holds)
    else:
        assert verdict["price"] == real.json()["price"] > 0


def test_a_remix_that_is_not_allowed_is_told_by_both(ada, make_user):
    clip = make_clip(make_user("bob"), remix_allowed="off")
    body = BODY | {"remix_of": {"clip": str(clip.pk), "kind": "remix"}}
    assert ada.post_json(URL, body).json()["code"] == "remix_not_allowed"
    told = ada.post_json(f"{URL}/preflight", body).json()
    assert (told["allowed"], told["reasons"][0]["rule"]) == (False, "remix_not_allowed")


def test_all_reasons_are_told_at_once_and_the_first_is_raised(ada, settings):
    no_credits(ada, settings)
    stop_generation(ada, settings)
    body = BODY | {"prompt": FORBIDDEN}
    told = [one["rule"] for one in ada.post_json(f"{URL}/preflight", body).json()["reasons"]]
    assert told[-2:] == ["generation_stopped", "insufficient_credits"]
    assert ada.post_json(URL, body).json()["code"] == "prompt_refused"


def test_who_cannot_pay_is_told_what_they_need_have_and_could_make(ada, settings):
    no_credits(ada, settings)
    problem = ada.post_json(URL, BODY).json()
    assert (problem["need"], problem["have"]) == (10, 7)
    assert problem["detail"] == "You have credits for 1 second of this."


def test_price_is_held_while_the_job_is_made_and_given_back_without_a_clip(ada):
    start = balance_of(ada.user.pk)
    job = ada.post_json(URL, BODY).json()
    held = balance_of(ada.user.pk)
    assert (held.balance, held.held) == (start.balance - job["price"], job["price"])
    ada.delete(f"{URL}/{job['id']}")
    assert balance_of(ada.user.pk).balance == start.balance
    assert Hold.objects.get().state == "released"


def test_a_refused_request_holds_nothing(ada):
    ada.post_json(URL, BODY | {"prompt": FORBIDDEN})
    assert not Hold.objects.exists()


def test_the_estimate_counts_who_is_before(ada, make_job, make_user):
    for work, seconds in (("rendering", 8.0), ("finishing", 2.0)):
        WorkPace.objects.create(engine="quick", size="360x640", work=work, jobs=[[2, seconds]])
    assert ada.post_json(f"{URL}/preflight", BODY).json()["eta_seconds"] == 10
    for name in ("bob", "eve"):
        make_job(make_user(name), seconds=2)
    assert ada.post_json(f"{URL}/preflight", BODY).json()["eta_seconds"] == 26
    job = ada.post_json(URL, BODY).json()
    assert (job["position"], job["eta_seconds"]) == (3, 26)
    claim(job_id=Job.objects.get(user__username="bob").pk)
    job = ada.get(f"{URL}/{job['id']}").json()
    assert (job["position"], job["eta_seconds"]) == (2, 26)
