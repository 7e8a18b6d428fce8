"""What people send by mistake or on purpose: a 4xx problem with code and field, nothing stored."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.flows.people import Person, sign_up

GOOD = {"prompt": "a red ball bounces", "seconds": 2, "size": "360x640"}


@pytest.fixture(scope="module")
def person(instance) -> Iterator[Person]:
    person = sign_up(instance.base_url, invite=instance.new_invite())
    yield person
    person.http.close()


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"prompt": ""}, "prompt"),
        ({"prompt": "   "}, "prompt"),
        ({"prompt": "x" * 10_000}, "prompt"),
        ({"prompt": "a ball\x00falls"}, "prompt"),
        ({"prompt": ["a ball"]}, "prompt"),
        ({"prompt": None}, "prompt"),
        ({"seconds": 0}, "seconds"),
        ({"seconds": -3}, "seconds"),
        ({"seconds": 999}, "seconds"),
        ({"seconds": "soon"}, "seconds"),
        ({"size": "1x1"}, "size"),
        ({"size": "640"}, "size"),
        ({"size": "99999x99999"}, "size"),
        ({"engine": "unknown"}, "engine"),
        ({"seed": "x"}, "seed"),
        ({"remix_of": {"clip": "nonsense", "kind": "remix"}}, "remix_of.clip"),
        ({"caption": "x" * 5_000}, "caption"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_bad_request_names_its_field_and_stores_nothing(person, change, field):
    answer = person.http.post("/api/v1/generations", json={**GOOD, **change})
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["code"]
    assert problem["trace_id"]
    assert field in {error["field"] for error in problem["errors"]}
    assert person.get("/api/v1/generations")["items"] == []


def test_a_right_to_left_prompt_is_a_prompt(person):
    prompt = "كرة حمراء تقفز على الشاطئ \u202e red ball"
    verdict = person.post("/api/v1/generations/preflight", {**GOOD, "prompt": prompt})
    assert verdict["allowed"] is True
    job = person.generate(prompt, seconds=1)
    assert person.get(f"/api/v1/generations/{job['id']}")["recipe"]["prompt"] == prompt
    person.delete(f"/api/v1/generations/{job['id']}")


@pytest.mark.parametrize(
    "path", ["/api/v1/feed", "/api/v1/drafts", "/api/v1/generations", "/api/v1/me/moderation"]
)
@pytest.mark.parametrize("cursor", ["", "x", "a:b:c", "\u0000", "é" * 3000])
def test_a_bad_cursor_is_refused(person, path, cursor):
    answer = person.http.get(path, params={"cursor": cursor})
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_cursor")


@pytest.mark.parametrize(
    ("method", "path", "content", "status"),
    [
        ("GET", "/api/v1/nowhere", None, 404),
        ("PATCH", "/api/v1/feed", b"{}", 405),
        ("POST", "/api/v1/generations", b"{not json", 400),
        ("POST", "/api/v1/generations", b"\xff\xfe\x00", 400),
        ("POST", "/api/v1/generations", b"[1,2]", 422),
        ("GET", "/api/v1/clips/not-an-id", None, 404),
        ("GET", "/media/forged/clips/x/clip.mp4", None, 403),
    ],
)
def test_every_failure_is_a_problem_document(person, method, path, content, status):
    headers = {"Content-Type": "application/json"} if content else {}
    answer = person.http.request(method, path, content=content, headers=headers)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == status


def test_a_refused_prompt_says_which_rule_and_where_and_costs_nothing(person):
    prompt = "a calm beach, then a man gets beheaded with blood and gore everywhere"
    answer = person.http.post("/api/v1/generations", json={**GOOD, "prompt": prompt})
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (422, "prompt_refused")
    reason = problem["reasons"][0]
    assert reason["rule"]
    assert reason["message"]
    start, end = reason["span"]
    assert "beheaded" in prompt[start:end] or "gore" in prompt[start:end]
    assert problem["reasons"] == person.post(
        "/api/v1/generations/preflight", {**GOOD, "prompt": prompt}
    )["reasons"]  # fmt: skip
    states = [job["state"] for job in person.get("/api/v1/generations")["items"]]
    assert set(states) <= {"cancelled"}


def test_a_hundred_at_once_with_a_seven_use_invite_make_seven_accounts(instance):
    invite = instance.new_invite(uses=7)

    def join(number: int) -> int:
        with httpx.Client(base_url=instance.base_url, timeout=60) as http:
            answer = http.post(
                "/_allauth/app/v1/auth/signup",
                json={
                    "email": f"race{number}@example.org",
                    "username": f"race{number}",
                    "password": "correct horse battery staple",
                    "invite_code": invite,
                    "birth_date": "1990-01-31",
                },
            )
            return answer.status_code

    with ThreadPoolExecutor(32) as pool:
        statuses = list(pool.map(join, range(100)))
    assert statuses.count(200) == 7
    assert set(statuses) <= {200, 400, 403}
