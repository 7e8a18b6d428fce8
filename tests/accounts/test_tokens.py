"""Login, refresh with reuse detection, logout, and what a token lets in."""

from __future__ import annotations

import base64
import json
import time
from collections import Counter

import jwt
import pytest
from django.conf import settings as django_settings
from rest_framework.test import APIClient

from tests.fixtures import PASSWORD, tokens_of
from tests.racing import race

AUTH = "/_allauth/app/v1/auth"
REFRESH = "/_allauth/app/v1/tokens/refresh"
ME = "/api/v1/me"


def bearer(token):
    client = APIClient(raise_request_exception=False)
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    return client


def refresh(token):
    return APIClient().post(REFRESH, {"refresh_token": token}, format="json")


@pytest.mark.django_db
@pytest.mark.parametrize(
    "who",
    [{"username": "ada"}, {"username": "ADA"}, {"email": "ada@example.org"},
     {"email": "Ada@EXAMPLE.org"}],
)  # fmt: skip
def test_login_by_name_or_address_in_any_letter_case(api, make_user, who):
    make_user("ada", password=PASSWORD)
    answer = api.post(f"{AUTH}/login", {**who, "password": PASSWORD}, format="json")
    assert answer.status_code == 200
    assert bearer(answer.json()["meta"]["access_token"]).get(ME).json()["username"] == "ada"


@pytest.mark.django_db
def test_a_wrong_password_and_an_unknown_name_look_the_same(api, make_user):
    make_user("ada", password=PASSWORD)
    answers = [
        api.post(f"{AUTH}/login", {"username": name, "password": "wrong-password"}, format="json")
        for name in ("ada", "nobody")
    ]
    assert [answer.status_code for answer in answers] == [400, 400]
    assert answers[0].content == answers[1].content
    assert answers[0].json()["errors"][0]["code"] == "username_password_mismatch"


@pytest.mark.django_db
def test_guessing_a_password_is_rate_limited(api, make_user):
    make_user("ada", password=PASSWORD)
    guess = {"username": "ada", "password": "wrong-password"}
    for _ in range(5):
        assert api.post(f"{AUTH}/login", guess, format="json").status_code == 400
    answer = api.post(f"{AUTH}/login", {**guess, "password": PASSWORD}, format="json")
    assert answer.json()["errors"][0]["code"] == "too_many_login_attempts"


@pytest.mark.django_db
def test_an_inactive_account_cannot_log_in_and_its_tokens_stop_working(api, make_user):
    user = make_user("ada", password=PASSWORD)
    signed_in = bearer(tokens_of(user)["access_token"])
    user.is_active = False
    user.save()
    assert signed_in.get(ME).status_code == 401
    answer = api.post(f"{AUTH}/login", {"username": "ada", "password": PASSWORD}, format="json")
    assert answer.status_code == 401
    assert "access_token" not in answer.json()["meta"]


@pytest.mark.django_db
def test_the_access_token_lives_at_most_15_minutes(make_user):
    claims = jwt.decode(tokens_of(make_user())["access_token"], options={"verify_signature": False})
    assert 0 < claims["exp"] - time.time() <= 15 * 60


@pytest.mark.django_db
def test_refresh_gives_a_new_pair(make_user):
    first = tokens_of(make_user("ada"))
    answer = refresh(first["refresh_token"])
    assert answer.status_code == 200
    second = answer.json()["data"]
    assert second["refresh_token"] != first["refresh_token"]
    assert bearer(second["access_token"]).get(ME).json()["username"] == "ada"
    assert refresh(second["refresh_token"]).status_code == 200


@pytest.mark.django_db
def test_replaying_a_rotated_refresh_token_revokes_the_whole_family(make_user):
    user = make_user()
    stolen, other_device = tokens_of(user), tokens_of(user)
    successor = refresh(stolen["refresh_token"]).json()["data"]
    assert bearer(successor["access_token"]).get(ME).status_code == 200
    assert refresh(stolen["refresh_token"]).status_code == 400
    assert refresh(successor["refresh_token"]).status_code == 400
    assert bearer(successor["access_token"]).get(ME).status_code == 401
    assert bearer(stolen["access_token"]).get(ME).status_code == 401
    assert bearer(other_device["access_token"]).get(ME).status_code == 200


@pytest.mark.django_db(transaction=True)
def test_of_simultaneous_refreshes_with_one_token_at_most_one_succeeds(make_user):
    token = tokens_of(make_user())["refresh_token"]
    answers = race(lambda _: refresh(token), times=8)
    assert Counter(answer.status_code for answer in answers) == {200: 1, 400: 7}
    winner = next(answer for answer in answers if answer.status_code == 200).json()["data"]
    assert refresh(winner["refresh_token"]).status_code == 400  # seven replays revoked it


@pytest.mark.django_db
@pytest.mark.parametrize("token", ["", "nonsense", "a.b.c", None, 5, {"a": 1}])
def test_a_refresh_token_that_is_none_is_refused(token):
    assert refresh(token).status_code == 400


@pytest.mark.django_db
def test_an_access_token_is_not_a_refresh_token_nor_the_reverse(make_user):
    tokens = tokens_of(make_user())
    assert refresh(tokens["access_token"]).status_code == 400
    assert bearer(tokens["refresh_token"]).get(ME).status_code == 401


@pytest.mark.django_db
def test_logout_ends_this_session_at_once_and_no_other(make_user):
    user = make_user()
    here, there = tokens_of(user), tokens_of(user)
    assert bearer(here["access_token"]).delete(f"{AUTH}/session").status_code == 401  # logged out
    assert bearer(here["access_token"]).get(ME).status_code == 401
    assert refresh(here["refresh_token"]).status_code == 400
    assert bearer(there["access_token"]).get(ME).status_code == 200


@pytest.mark.django_db
def test_logout_everywhere_ends_every_session_of_mine_only(make_user):
    user, other = make_user(), make_user()
    here, there, theirs = tokens_of(user), tokens_of(user), tokens_of(other)
    assert bearer(here["access_token"]).delete("/api/v1/me/sessions").status_code == 204
    for tokens in (here, there):
        assert bearer(tokens["access_token"]).get(ME).status_code == 401
        assert refresh(tokens["refresh_token"]).status_code == 400
    assert bearer(theirs["access_token"]).get(ME).status_code == 200


@pytest.mark.django_db
def test_one_device_can_be_logged_out_from_the_list(make_user):
    user = make_user()
    here, lost = tokens_of(user), tokens_of(user)
    sessions = f"{AUTH}/sessions"
    listed = bearer(here["access_token"]).get(sessions).json()["data"]
    assert len(listed) == 2
    other = next(session["id"] for session in listed if not session["is_current"])
    body = {"sessions": [other]}
    assert bearer(here["access_token"]).delete(sessions, body, format="json").status_code == 200
    assert bearer(lost["access_token"]).get(ME).status_code == 401
    assert bearer(here["access_token"]).get(ME).status_code == 200


@pytest.mark.django_db
def test_a_new_password_logs_every_device_out(make_user):
    user = make_user("ada", password=PASSWORD)
    here, there = tokens_of(user), tokens_of(user)
    answer = bearer(here["access_token"]).post(
        "/_allauth/app/v1/account/password/change",
        {"current_password": PASSWORD, "new_password": "another-horse-battery-7"},
        format="json",
    )
    assert answer.status_code == 401  # logged out, as asked
    for tokens in (here, there):
        assert bearer(tokens["access_token"]).get(ME).status_code == 401
        assert refresh(tokens["refresh_token"]).status_code == 400


@pytest.mark.django_db
def test_a_forgotten_password_is_reset_by_a_mailed_code(api, make_user, mailoutbox):
    user = make_user("ada", password=PASSWORD)
    thief = tokens_of(user)
    asked = api.post(f"{AUTH}/password/request", {"email": "Ada@example.org"}, format="json")
    assert asked.status_code == 401
    session = asked.json()["meta"]["session_token"]
    code = next(line for line in mailoutbox[0].body.split() if line.count("-") == 1)
    answer = api.post(
        f"{AUTH}/password/reset",
        {"key": code, "password": "another-horse-battery-7"},
        format="json",
        headers={"X-Session-Token": session},
    )
    assert answer.status_code in {200, 401}
    user.refresh_from_db()
    assert user.check_password("another-horse-battery-7")
    assert bearer(thief["access_token"]).get(ME).status_code == 401


def forged(claims, *, key=None, algorithm="HS256"):
    return jwt.encode(claims, key or "k" * 48, algorithm=algorithm)


@pytest.mark.django_db
def test_a_forged_expired_or_unsigned_token_is_a_401_problem(make_user):
    token = tokens_of(make_user())["access_token"]
    claims = jwt.decode(token, options={"verify_signature": False})
    header = base64.urlsafe_b64encode(json.dumps({"alg": "none", "typ": "JWT"}).encode())
    unsigned = f"{header.decode().rstrip('=')}.{token.split('.')[1]}."
    key = django_settings.SECRET_KEY
    tokens = [
        "nonsense",
        unsigned,
        token[:-4] + "AAAA",
        forged(claims),
        forged({**claims, "exp": int(time.time()) - 1}, key=key),
        forged({**claims, "sid": "!"}, key=key),
        forged({**claims, "sid": "AAAA"}, key=key),
        forged(claims, key=key, algorithm="HS512"),
    ]
    for each in tokens:
        answer = bearer(each).get(ME)
        assert answer.status_code == 401, each
        assert answer["Content-Type"] == "application/problem+json"
        assert answer["WWW-Authenticate"].startswith("Bearer")
        assert answer.json()["code"] == "not_authenticated"
    assert bearer(token).get(ME).status_code == 200


@pytest.mark.django_db
def test_a_token_of_another_user_does_not_fit_their_session(make_user):
    ada, eve = make_user("ada"), make_user("eve")
    token = tokens_of(eve)["access_token"]
    claims = jwt.decode(token, options={"verify_signature": False})
    mixed = forged({**claims, "sub": str(ada.pk)}, key="not the key, and long enough for HS256")
    assert bearer(mixed).get(ME).status_code == 401


@pytest.mark.django_db
def test_an_authenticated_request_costs_one_query_for_who_it_is(
    client_of, make_user, django_assert_num_queries
):
    client = client_of(make_user())
    with django_assert_num_queries(2):  # the user, and the profile itself
        assert client.get(ME).status_code == 200
