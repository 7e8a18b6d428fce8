"""Sign-up by invite, over HTTP as a client does it."""

from __future__ import annotations

import json
from collections import Counter
from datetime import date, timedelta

import pytest
from allauth.account.models import EmailAddress
from django.conf import global_settings
from django.contrib.sessions.models import Session
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import Invite, InviteRedemption, User
from accounts.services import create_invite, revoke_invite
from tests.fixtures import PASSWORD
from tests.racing import race

SIGNUP = "/_allauth/app/v1/auth/signup"


def form(code="", **changes):
    return {
        "email": "ada@example.org",
        "username": "ada",
        "password": PASSWORD,
        "invite_code": code,
        "birth_date": "1990-12-10",
    } | changes


def codes_of(answer):
    return {(error.get("param"), error["code"]) for error in answer.json()["errors"]}


def nobody_came():
    return not (
        User.objects.exists() or EmailAddress.objects.exists() or InviteRedemption.objects.exists()
    )


@pytest.mark.django_db
def test_signup_with_an_invite_makes_an_account_and_returns_tokens(api):
    invite, code = create_invite(by=None, uses=2)
    answer = api.post(SIGNUP, form(code, username="Ada", email="Ada@Example.org"), format="json")
    assert answer.status_code == 200
    meta = answer.json()["meta"]
    assert meta["is_authenticated"] is True
    assert meta["refresh_token"]
    api.credentials(HTTP_AUTHORIZATION=f"Bearer {meta['access_token']}")
    me = api.get("/api/v1/me").json()
    assert (me["username"], me["email"]) == ("ada", "ada@example.org")
    user = User.objects.get()
    assert user.birth_date == date(1990, 12, 10)
    assert user.check_password(PASSWORD)
    assert InviteRedemption.objects.get().user == user
    assert EmailAddress.objects.get().email == "ada@example.org"
    invite.refresh_from_db()
    assert invite.uses_left == 1


@pytest.mark.django_db
@pytest.mark.parametrize("spell", [str.lower, lambda c: c.replace("-", ""), lambda c: f" {c} "])
def test_a_code_may_be_spelled_in_small_letters_without_dash_or_with_spaces(api, spell):
    code = create_invite(by=None)[1]
    assert api.post(SIGNUP, form(spell(code)), format="json").status_code == 200


@pytest.mark.django_db
@pytest.mark.parametrize("code", ["", "   ", None])
def test_signup_without_a_code_is_invite_required(api, code):
    answer = api.post(SIGNUP, form(code), format="json")
    assert answer.status_code == 400
    assert codes_of(answer) == {("invite_code", "invite_required")}
    assert nobody_came()


@pytest.mark.django_db
def test_unknown_expired_used_up_and_revoked_codes_are_indistinguishable(api, make_user):
    owner = make_user("owner", birth_date=date(1980, 1, 1))
    expired, expired_code = create_invite(by=None, days=1)
    Invite.objects.filter(pk=expired.pk).update(expires_at=timezone.now())
    used, used_code = create_invite(by=None)
    Invite.objects.filter(pk=used.pk).update(uses_left=0)
    revoked, revoked_code = create_invite(by=owner.pk)
    revoke_invite(invite_id=revoked.pk, by=owner.pk)
    answers = [
        api.post(SIGNUP, form(code), format="json")
        for code in ("AAAA-AAAA", expired_code, used_code, revoked_code, "not a code", "0O1I-0O1I")
    ]
    assert {(answer.status_code, answer.content) for answer in answers} == {
        (answers[0].status_code, answers[0].content)
    }
    assert answers[0].status_code == 400
    assert codes_of(answers[0]) == {("invite_code", "invite_invalid")}
    assert User.objects.get() == owner


@pytest.mark.django_db
def test_every_code_takes_the_same_queries(api, django_assert_num_queries):
    used, used_code = create_invite(by=None)
    Invite.objects.filter(pk=used.pk).update(uses_left=0)
    for code in ("AAAA-AAAA", used_code, "nonsense"):
        with django_assert_num_queries(4):  # code, address (two tables), name
            api.post(SIGNUP, form(code), format="json")


@pytest.mark.django_db
def test_without_a_code_a_stranger_learns_nothing_about_names_and_addresses(api, make_user):
    make_user("ada")
    answer = api.post(SIGNUP, form("AAAA-AAAA"), format="json")
    assert codes_of(answer) == {("invite_code", "invite_invalid")}


@pytest.mark.django_db
def test_too_young_is_under_age_and_uses_up_nothing(api, settings):
    invite, code = create_invite(by=None)
    today = timezone.now().date()
    born = today.replace(year=today.year - settings.MINIMUM_AGE_YEARS) + timedelta(days=1)
    answer = api.post(SIGNUP, form(code, birth_date=born.isoformat()), format="json")
    assert answer.status_code == 400
    assert codes_of(answer) == {("birth_date", "under_age")}
    assert nobody_came()
    invite.refresh_from_db()
    assert invite.uses_left == 1


@pytest.mark.django_db
def test_old_enough_since_today_may_sign_up(api, settings):
    today = timezone.now().date()
    born = (today - timedelta(days=1)).replace(year=today.year - settings.MINIMUM_AGE_YEARS)
    code = create_invite(by=None)[1]
    answer = api.post(SIGNUP, form(code, birth_date=born.isoformat()), format="json")
    assert answer.status_code == 200


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"username": "TAKEN"}, ("username", "username_taken")),
        ({"email": "Taken@Example.org"}, ("email", "email_taken")),
        ({"username": "admin"}, ("username", "username_blacklisted")),
        ({"username": "ab"}, ("username", "invalid")),
        ({"username": "a" * 31}, ("username", "max_length")),
        ({"username": "ada lovelace"}, ("username", "invalid")),
        ({"username": "ada."}, ("username", "invalid")),
        ({"username": "áda"}, ("username", "invalid")),
        ({"username": "ada\x00"}, ("username", "null_characters_not_allowed")),
        ({"username": ""}, ("username", "required")),
        ({"username": {"a": 1}}, ("username", "invalid")),
        ({"email": "nonsense"}, ("email", "invalid")),
        ({"email": 5}, ("email", "invalid")),
        ({"password": "12345678"}, ("password", "password_too_common")),
        ({"password": "short"}, ("password", "password_too_short")),
        ({"password": None}, ("password", "required")),
        ({"birth_date": "yesterday"}, ("birth_date", "invalid")),
        ({"birth_date": 19901210}, ("birth_date", "invalid")),
        ({"birth_date": ["1990-12-10"]}, ("birth_date", "invalid")),
        ({"birth_date": "1850-01-01"}, ("birth_date", "invalid")),
        ({"birth_date": "2990-01-01"}, ("birth_date", "invalid")),
        ({"birth_date": None}, ("birth_date", "required")),
    ],
)
def test_a_bad_field_is_named_and_nothing_happens(api, make_user, changes, expected):
    make_user("taken")
    invite, code = create_invite(by=None)
    answer = api.post(SIGNUP, form(code, **changes), format="json")
    assert answer.status_code == 400
    assert expected in codes_of(answer)
    assert User.objects.count() == 1
    invite.refresh_from_db()
    assert invite.uses_left == 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"5", b"\xff", b'{"username": "\\ud800", "password": "\\ud800"}',
             b"[" * 50_000, b'{"invite_code": "\\ud800\\u0000"}']
)  # fmt: skip
def test_a_malformed_body_is_a_4xx_answer_in_json(api, body):
    answer = api.post(SIGNUP, body, content_type="application/json")
    assert answer.status_code == 400
    assert answer["Content-Type"] in {"application/json", "application/problem+json"}


@pytest.mark.django_db
def test_a_password_that_is_not_text_in_unicode_is_a_malformed_body(api):
    code = create_invite(by=None)[1]
    body = json.dumps(form(code, password="\ud800 \ud800 x9-longer"))
    answer = api.post(SIGNUP, body, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed_body")
    assert nobody_came()


@pytest.mark.django_db(transaction=True)
def test_100_parallel_signups_with_a_7_use_invite_make_exactly_7_accounts(settings):
    settings.RATE_LIMITS = settings.ACCOUNT_RATE_LIMITS = False
    invite, code = create_invite(by=None, uses=7)

    def sign_up(index):
        client = APIClient()
        body = form(code, username=f"racer{index}", email=f"racer{index}@example.org")
        answer = client.post(SIGNUP, body, format="json")
        error = None if answer.status_code == 200 else codes_of(answer).pop()
        return answer.status_code, error

    outcomes = Counter(race(sign_up, times=100))
    assert outcomes == {(200, None): 7, (400, ("invite_code", "invite_invalid")): 93}
    assert User.objects.count() == 7
    assert EmailAddress.objects.count() == 7
    assert InviteRedemption.objects.filter(invite=invite).count() == 7
    assert Session.objects.count() == 7
    invite.refresh_from_db()
    assert invite.uses_left == 0


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("same", "expected"),
    [("username", ("username", "username_taken")), ("email", ("email", "email_taken"))],
)
def test_of_parallel_signups_with_one_name_or_address_one_wins(settings, same, expected):
    settings.RATE_LIMITS = settings.ACCOUNT_RATE_LIMITS = False
    invite, code = create_invite(by=None, uses=50)

    def sign_up(index):
        body = form(code, username=f"racer{index}", email=f"username{index}@example.org")
        body[same] = {"username": "same", "email": "username@example.org"}[same]
        answer = APIClient().post(SIGNUP, body, format="json")
        error = None if answer.status_code == 200 else codes_of(answer).pop()
        return answer.status_code, error

    outcomes = Counter(race(sign_up, times=10))
    assert outcomes == {(200, None): 1, (400, expected): 9}
    invite.refresh_from_db()
    assert invite.uses_left == 49


@pytest.mark.django_db
def test_signups_of_one_address_are_rate_limited(api):
    codes = [api.post(SIGNUP, form("AAAA-AAAA"), format="json").status_code for _ in range(21)]
    assert codes == [400] * 20 + [429]


@pytest.mark.django_db
def test_the_rate_limit_switch_turns_allauths_limits_off_too(api, settings):
    settings.ACCOUNT_RATE_LIMITS = False
    codes = {api.post(SIGNUP, form("AAAA-AAAA"), format="json").status_code for _ in range(30)}
    assert codes == {400}


@pytest.mark.django_db
def test_the_default_password_hash_is_a_slow_one(api, settings):
    settings.PASSWORD_HASHERS = global_settings.PASSWORD_HASHERS
    code = create_invite(by=None)[1]
    assert api.post(SIGNUP, form(code), format="json").status_code == 200
    assert User.objects.get().password.startswith("pbkdf2_sha256$1000000$")
