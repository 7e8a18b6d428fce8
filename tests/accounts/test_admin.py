"""What the operator sees of accounts."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.services import create_invite, join_waitlist, redeem_invite


@pytest.fixture
def site(client, make_user):
    client.force_login(make_user("operator", is_staff=True, is_superuser=True))
    return client


def test_an_account_shows_who_invited_whom_and_can_be_suspended(site, make_user, client_of):
    ada, bob = make_user("ada"), make_user("bob")
    redeem_invite(code=create_invite(by=ada.pk)[1], user_id=bob.pk)
    page = f"/admin/accounts/user/{bob.pk}/change/"
    assert "@ada" in site.get(page).content.decode()
    assert "@bob" in site.get(page.replace(str(bob.pk), str(ada.pk))).content.decode()
    until = timezone.now() + timedelta(days=3)
    body = {"suspended_until_0": until.date(), "suspended_until_1": "12:00", "is_active": "on"}
    assert site.post(page, body).status_code == 302
    assert client_of(bob).patch("/api/v1/me", {}, format="json").status_code == 403
    assert client_of(ada).patch("/api/v1/me", {}, format="json").status_code == 200


@pytest.mark.parametrize("model", ["user", "invite", "waitlistentry", "guardianship"])
def test_lists_are_shown_and_nothing_is_added_by_hand(site, model):
    create_invite(by=None)
    join_waitlist(email="ada@example.org")
    assert site.get(f"/admin/accounts/{model}/").status_code == 200
    assert site.get(f"/admin/accounts/{model}/add/").status_code == 403
