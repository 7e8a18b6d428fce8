"""My profile, suspension and staff."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import IntegrityError
from django.utils import timezone

from accounts.models import User
from accounts.policy import age_years, is_moderator
from accounts.services import grant_role

ME = "/api/v1/me"


def test_me(client_of, make_user):
    user = make_user("ada", display_name="Ada")
    body = client_of(user).get(ME).json()
    assert body == {
        "id": str(user.pk),
        "username": "ada",
        "email": "ada@example.org",
        "display_name": "Ada",
        "bio": "",
        "created_at": user.created_at.isoformat().replace("+00:00", "Z"),
        "followers": 0,
        "following": 0,
        "suspended_until": None,
    }


def test_me_is_not_sent_again_while_unchanged(client_of, make_user):
    client = client_of(make_user())
    tag = client.get(ME)["ETag"]
    unchanged = client.get(ME, headers={"If-None-Match": tag})
    assert (unchanged.status_code, unchanged.content, unchanged["ETag"]) == (304, b"", tag)
    client.patch(ME, {"bio": "new"}, format="json")
    assert client.get(ME, headers={"If-None-Match": tag}).status_code == 200


def test_patch_changes_what_is_given_and_ignores_the_rest(client_of, make_user):
    user = make_user("ada", display_name="Ada", bio="old")
    answer = client_of(user).patch(
        ME, {"bio": "مرحبا", "is_staff": True, "email": "x@example.org"}, format="json"
    )
    assert answer.status_code == 200
    assert (answer.json()["bio"], answer.json()["display_name"]) == ("مرحبا", "Ada")
    user.refresh_from_db()
    assert (user.is_staff, user.email) == (False, "ada@example.org")


@pytest.mark.parametrize(
    "changes",
    [{"bio": "x" * 201}, {"display_name": "x" * 51}, {"bio": "a\x00b"}, {"bio": None}, {"bio": []}],
)
def test_a_bad_profile_is_422_and_changes_nothing(client_of, make_user, changes):
    user = make_user(bio="old", display_name="Old")
    answer = client_of(user).patch(ME, changes, format="json")
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
    assert answer.json()["errors"][0]["field"] in changes
    user.refresh_from_db()
    assert (user.bio, user.display_name) == ("old", "Old")


def test_a_suspended_user_reads_but_does_not_write(client_of, suspended_user, make_user):
    make_user("ada")
    client = client_of(suspended_user)
    assert client.get(ME).status_code == 200
    answer = client.put("/api/v1/users/ada/follow")
    assert (answer.status_code, answer.json()["code"]) == (403, "account_suspended")
    assert datetime.fromisoformat(answer.json()["until"]) > timezone.now()
    assert not User.objects.filter(follower_edges__isnull=False).exists()


def test_a_suspension_ends_by_itself(client_of, make_user):
    user = make_user(suspended_until=timezone.now() - timedelta(seconds=1))
    assert client_of(user).patch(ME, {"bio": "back"}, format="json").status_code == 200


def test_who_moderates(make_user, make_moderator):
    assert not is_moderator(AnonymousUser())
    assert not is_moderator(make_user())
    assert not is_moderator(make_user(is_staff=True))
    moderator = make_moderator()
    assert is_moderator(moderator)
    assert is_moderator(grant_role(username=make_user().username, role="admin"))
    assert not is_moderator(grant_role(username=make_user().username, role="auditor"))
    moderator.is_active = False
    assert not is_moderator(moderator)


def test_an_unknown_role_is_refused(make_user):
    with pytest.raises(ValueError, match="no role 'king'"):
        grant_role(username=make_user().username, role="king")


@pytest.mark.parametrize("field", ["username", "email"])
def test_the_database_refuses_capitals(make_user, field):
    user = make_user("ada")
    with pytest.raises(IntegrityError, match=f"user_{field}_lower"):
        User.objects.filter(pk=user.pk).update(**{field: "Ada@example.org"})


@pytest.mark.parametrize(
    ("born", "today", "years"),
    [
        (date(2010, 6, 15), date(2023, 6, 14), 12),
        (date(2010, 6, 15), date(2023, 6, 15), 13),
        (date(2012, 2, 29), date(2025, 2, 28), 12),
        (date(2012, 2, 29), date(2025, 3, 1), 13),
    ],
)
def test_age_in_completed_years(born, today, years):
    assert age_years(born=born, today=today) == years
