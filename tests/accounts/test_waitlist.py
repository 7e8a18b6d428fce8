"""The waitlist: places, and releasing k people."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone

from accounts.models import Invite, WaitlistEntry
from accounts.selectors import invite_is_open
from accounts.services import join_waitlist, release_waitlist
from accounts.services.waitlist import MAILING_SECONDS_MAX
from tests.racing import race

WAITLIST = "/api/v1/waitlist"


def join(*names):
    return [join_waitlist(email=f"{name}@example.org") for name in names]


def mailed_code(message):
    return re.search(r"\w{4}-\w{4}", message.body).group()


@pytest.mark.django_db
def test_a_stranger_joins_and_gets_a_place(api):
    answer = api.post(WAITLIST, {"email": "ada@example.org"}, format="json")
    assert (answer.status_code, answer.json()) == (202, {"position": 1})
    assert api.post(WAITLIST, {"email": "b@example.org"}, format="json").json()["position"] == 2
    again = api.post(WAITLIST, {"email": "Ada@Example.org"}, format="json")
    assert (again.status_code, again.json()) == (202, {"position": 1})
    assert WaitlistEntry.objects.count() == 2


@pytest.mark.django_db
def test_a_registered_address_gets_the_answer_of_any_other(api, make_user):
    make_user("ada")
    answer = api.post(WAITLIST, {"email": "ada@example.org"}, format="json")
    assert (answer.status_code, answer.json()) == (202, {"position": 1})


@pytest.mark.django_db
def test_an_invited_address_gets_the_answer_of_a_newcomer():
    join("ada", "bob", "cyd")
    release_waitlist(count=1)
    assert join("ada", "dan") == [3, 3]


@pytest.mark.django_db
@pytest.mark.parametrize(
    "email", ["", "nonsense", None, "a\x00@b.org", ["a@example.org"], f"{'x' * 300}@example.org"]
)
def test_a_bad_address_is_422(api, email):
    answer = api.post(WAITLIST, {"email": email}, format="json")
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "email")
    assert not WaitlistEntry.objects.exists()


@pytest.mark.django_db
def test_release_mails_one_single_use_code_to_each_of_the_first(mailoutbox):
    join("ada", "bob", "cyd")
    assert release_waitlist(count=2) == 2
    assert [message.to for message in mailoutbox] == [["ada@example.org"], ["bob@example.org"]]
    assert all(invite_is_open(mailed_code(message)) for message in mailoutbox)
    assert list(Invite.objects.values_list("uses", "created_by_id")) == [(1, None)] * 2
    assert release_waitlist(count=5) == 1
    assert release_waitlist(count=5) == 0
    assert len(mailoutbox) == 3


@pytest.mark.django_db(transaction=True)
def test_parallel_releases_mail_each_person_once(mailoutbox):
    join(*(f"person{i}" for i in range(12)))
    assert sum(race(lambda _: release_waitlist(count=4), times=6)) == 12
    assert sorted(message.to[0] for message in mailoutbox) == sorted(
        WaitlistEntry.objects.values_list("email", flat=True)
    )


@pytest.mark.django_db
def test_a_mail_server_that_is_away_costs_nobody_their_place(settings, mailoutbox):
    join("ada", "bob")
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    with pytest.raises(OSError, match="refused"):
        release_waitlist(count=2)
    assert WaitlistEntry.objects.waiting().count() == 2
    assert not Invite.objects.open().exists()
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    assert release_waitlist(count=2) == 2
    assert len(mail.outbox) == 2


@pytest.mark.django_db
def test_who_was_claimed_by_a_release_that_died_is_mailed_by_a_later_one(mailoutbox):
    join("ada")
    release_waitlist(count=1)
    WaitlistEntry.objects.update(mailed_at=None)  # as a kill before the mail leaves it
    assert release_waitlist(count=1) == 0
    long_ago = timezone.now() - timedelta(seconds=MAILING_SECONDS_MAX + 1)
    WaitlistEntry.objects.update(invited_at=long_ago)
    assert release_waitlist(count=1) == 1
    first, second = (mailed_code(message) for message in mailoutbox)
    assert (invite_is_open(first), invite_is_open(second)) == (False, True)


@pytest.mark.django_db
def test_the_waitlist_is_rate_limited(api):
    codes = [
        api.post(WAITLIST, {"email": f"p{i}@example.org"}, format="json").status_code
        for i in range(6)
    ]
    assert codes == [202] * 5 + [429]
    assert WaitlistEntry.objects.count() == 5
