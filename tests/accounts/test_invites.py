"""Making, listing and revoking invites."""

from __future__ import annotations

import re
from collections import Counter
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.codes import ALPHABET, hash_code, new_code
from accounts.models import Invite
from accounts.services import create_invite, sign_up
from core.models import IdempotentAnswer
from tests.fixtures import PASSWORD
from tests.racing import race

INVITES = "/api/v1/invites"


def come_in(code, name):
    return sign_up(
        username=name,
        email=f"{name}@example.org",
        password=PASSWORD,
        invite_code=code,
        birth_date=timezone.now().date() - timedelta(days=9000),
    )


def test_a_code_has_8_letters_without_look_alikes():
    codes = {new_code() for _ in range(200)}
    assert len(codes) == 200
    assert all(re.fullmatch(rf"[{ALPHABET}]{{4}}-[{ALPHABET}]{{4}}", code) for code in codes)
    assert not set("0O1I") & set(ALPHABET)


def test_a_code_is_hashed_under_the_secret_key(settings):
    before = hash_code("ABCD-EFGH")
    assert before == hash_code(" abcdefgh")
    assert before != hash_code("ABCD-EFGJ")
    settings.SECRET_KEY = "another key"
    assert hash_code("ABCD-EFGH") != before


@pytest.mark.django_db
def test_an_invite_is_shown_with_its_code_once(client_of, make_user):
    client = client_of(make_user("ada"))
    answer = client.post(INVITES, {"uses": 2, "days": 3}, format="json")
    assert answer.status_code == 201
    made = answer.json()
    assert re.fullmatch(r"\w{4}-\w{4}", made["code"])
    assert (made["state"], made["uses"], made["uses_left"]) == ("open", 2, 2)
    come_in(made["code"], "bob")
    listed = client.get(INVITES).json()
    assert listed["next"] is None
    [item] = listed["items"]
    assert "code" not in item
    assert (item["uses_left"], [each["username"] for each in item["redeemed_by"]]) == (1, ["bob"])
    assert made["code"].replace("-", "") not in str(Invite.objects.values_list())


@pytest.mark.django_db
def test_the_same_idempotency_key_gives_the_same_code_and_the_database_does_not_hold_it(
    client_of, make_user
):
    client = client_of(make_user())
    answers = [
        client.post(INVITES, {}, format="json", headers={"Idempotency-Key": "k1"}) for _ in "ab"
    ]
    assert answers[0].json() == answers[1].json()
    assert Invite.objects.count() == 1
    code = answers[0].json()["code"].encode()
    assert code not in bytes(IdempotentAnswer.objects.get().body)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "body", [{"uses": 0}, {"uses": -1}, {"uses": "many"}, {"days": 0}, {"days": 9999}, []]
)
def test_bad_numbers_are_422_and_make_nothing(client_of, make_user, body):
    answer = client_of(make_user()).post(INVITES, body, format="json")
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
    assert not Invite.objects.exists()


@pytest.mark.django_db
def test_a_user_gives_away_no_more_places_than_the_quota(client_of, make_user, settings):
    settings.INVITES_PER_USER = 3
    client = client_of(make_user())
    first = client.post(INVITES, {"uses": 2}, format="json").json()
    refused = client.post(INVITES, {"uses": 2}, format="json")
    assert (refused.status_code, refused.json()["code"]) == (403, "invite_quota_reached")
    assert (refused.json()["open"], refused.json()["limit"]) == (2, 3)
    assert Invite.objects.count() == 1
    client.delete(f"{INVITES}/{first['id']}")
    assert client.post(INVITES, {"uses": 3}, format="json").status_code == 201


@pytest.mark.django_db(transaction=True)
def test_parallel_requests_do_not_exceed_the_quota(client_of, make_user, settings):
    settings.INVITES_PER_USER = 3
    user = make_user()
    clients = [client_of(user) for _ in range(8)]
    answers = race(lambda i: clients[i].post(INVITES, {}, format="json").status_code, times=8)
    assert Counter(answers) == {201: 3, 403: 5}


@pytest.mark.django_db
def test_a_revoked_invite_lets_nobody_in_and_keeps_who_came(client_of, make_user):
    client = client_of(make_user("ada"))
    made = client.post(INVITES, {"uses": 2}, format="json").json()
    come_in(made["code"], "bob")
    for _ in "twice":
        assert client.delete(f"{INVITES}/{made['id']}").status_code == 204
    [item] = client.get(INVITES).json()["items"]
    assert (item["state"], len(item["redeemed_by"])) == ("revoked", 1)


@pytest.mark.django_db
def test_somebody_elses_invite_is_not_there(client_of, make_user):
    invite, _ = create_invite(by=make_user("ada").pk)
    answer = client_of(make_user("eve")).delete(f"{INVITES}/{invite.pk}")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    invite.refresh_from_db()
    assert invite.revoked_at is None
    assert client_of(make_user("bob")).get(INVITES).json()["items"] == []


@pytest.mark.django_db
def test_the_states_of_an_invite(make_user):
    invite, _ = create_invite(by=None)
    assert invite.state == "open"
    invite.expires_at = timezone.now()
    assert invite.state == "expired"
    invite.uses_left = 0
    assert invite.state == "used_up"
    invite.revoked_at = timezone.now()
    assert invite.state == "revoked"
