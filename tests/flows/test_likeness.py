"""A likeness over HTTP, from its enrolment to its end: consent, co-sign, receipt, revocation."""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus

import jwt
import pytest

from tests import captures
from tests.flows.people import Person, sign_up

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def owner(instance) -> Iterator[Person]:
    person = sign_up(instance.base_url, invite=instance.new_invite())
    yield person
    person.http.close()


@pytest.fixture(scope="module")
def friend(instance) -> Iterator[Person]:
    person = sign_up(instance.base_url, invite=instance.new_invite())
    yield person
    person.http.close()


@pytest.fixture(scope="module")
def enrolment(owner) -> dict:
    return owner.enrol(captures.genuine)


def test_a_genuine_capture_becomes_a_cameo_that_only_its_owner_may_use(owner, friend, enrolment):
    assert (enrolment["state"], enrolment["reasons"]) == ("verified", [])
    mine = owner.get(f"/api/v1/cameos/{owner.username}")
    assert (mine["audience"], mine["state"]) == ("only_me", "active")
    assert owner.http.get(mine["portrait_url"]).content.startswith(b"\xff\xd8")
    body = {"prompt": f"@{owner.username} waves in a park", "seconds": 2}
    refused = friend.http.post("/api/v1/generations", json=body)
    assert refused.status_code == HTTPStatus.FORBIDDEN, refused.text
    assert refused.json()["code"] == "cameo_not_permitted"
    assert refused.json()["reason"] == "not_in_audience"


@pytest.fixture(scope="module")
def clip(owner, friend, enrolment) -> dict:
    """A published clip of the friend's with the owner in it, to which the owner agreed."""
    handle = owner.username
    terms = owner.http.patch(
        f"/api/v1/cameos/{handle}", json={"audience": "everyone", "ask_me": True}
    )
    terms.raise_for_status()
    job = friend.generate(f"@{handle} waves in a park", publish=True, caption="Hello")
    assert job["state"] == "awaiting_consent"
    (question,) = owner.get("/api/v1/cosigns", state="asked")["items"]
    assert (question["by"], question["preview"]["prompt"]) == (
        friend.username,
        f"@{handle} waves in a park",
    )
    owner.post(f"/api/v1/cosigns/{question['id']}", {"answer": "approve"})
    done = friend.wait_for(job)
    assert done["state"] == "ready", done
    return friend.get(f"/api/v1/clips/{done['clip']}")


def test_the_owner_sees_the_use_and_the_clip_names_the_cast(owner, clip):
    assert clip["cameos"] == [f"@{owner.username}"]
    uses = owner.get(f"/api/v1/cameos/{owner.username}/uses")["items"]
    (use,) = [use for use in uses if use["clip"] == clip["id"]]
    assert {"submit", "start", "publish"} <= set(use["gates"])


def test_a_stranger_checks_the_receipt_in_the_file(owner, friend, clip):
    found = friend.verify(friend.media(clip["mp4_url"]).content, "clip.mp4")
    (receipt,) = found["clip"]["consents"]
    assert receipt["status"] == "valid"
    answer = friend.http.get(f"/api/v1/consents/{receipt['id']}", headers={"Authorization": ""})
    token = answer.json()["token"]
    key = jwt.PyJWKSet.from_dict(friend.get("/api/v1/consents/keys")).keys[0]
    claims = jwt.decode(token, key, algorithms=["EdDSA"], options={"verify_aud": False})
    assert owner.username not in str(claims)


def test_what_the_owner_ends_is_served_to_nobody(owner, friend, clip):
    child = friend.generate(
        "a red ball bounces", publish=True, remix_of={"clip": clip["id"], "kind": "remix"}
    )
    (question,) = owner.get("/api/v1/cosigns", state="asked")["items"]
    owner.post(f"/api/v1/cosigns/{question['id']}", {"answer": "approve"})
    child = friend.wait_for(child)
    assert child["state"] == "ready", child
    files = [clip["mp4_url"], clip["poster_url"], clip["hls_url"]]
    path = f"/api/v1/cameos/{owner.username}/revoke"
    told = owner.http.post(f"{path}?dry_run=1").json()
    reach = told["reach"]
    assert (reach["clips"], reach["published"], reach["remixes"], reach["people"]) == (2, 2, 1, 1)
    assert [(one["clip"], one["is_remix"]) for one in told["clips"]] == [
        (child["clip"], True),
        (clip["id"], False),
    ]
    assert owner.post(path) == told
    for person in (owner, friend):
        for clip_id in (clip["id"], child["clip"]):
            gone = person.http.get(f"/api/v1/clips/{clip_id}")
            assert gone.status_code == HTTPStatus.NOT_FOUND
        shown = {one["id"] for one in person.get("/api/v1/feed", mode="latest")["items"]}
        assert not shown & {clip["id"], child["clip"]}
        assert {person.http.get(file).status_code for file in files} == {HTTPStatus.NOT_FOUND}
