"""Who invites somebody gets credits for that somebody's first clip."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.db import DatabaseError

from accounts.services import create_invite, sign_up
from credits.models import Lot, Referral
from credits.services import pay_referrals, reward_referral
from credits.services import referrals as service
from feed.models import Clip
from notifications.models import Event
from tests.clips import make_clip
from tests.racing import race

pytestmark = pytest.mark.django_db


@pytest.fixture
def invite():
    count = 0

    def make(inviter):
        nonlocal count
        count += 1
        _, code = create_invite(by=inviter.pk)
        return sign_up(
            username=f"guest{count}",
            email=f"guest{count}@example.org",
            password=None,
            invite_code=code,
            birth_date=date(1990, 1, 1),
        )

    return make


@pytest.fixture(autouse=True)
def _media(settings, tmp_path):
    settings.MEDIA_ROOT = str(tmp_path)


def rewards(inviter):
    lots = Lot.objects.filter(wallet__user=inviter, source="referral")
    return [lot.amount for lot in lots]


def test_the_first_clip_of_an_invited_user_rewards_the_inviter_once(
    ada, invite, clock, django_capture_on_commit_callbacks
):
    guest = invite(ada)
    with django_capture_on_commit_callbacks(execute=True):
        make_clip(guest)
        make_clip(guest)
    (lot,) = Lot.objects.all()
    assert (lot.wallet.user, lot.source, lot.amount) == (ada, "referral", 100)
    assert lot.expires_at == clock.at + timedelta(days=90)
    (event,) = Event.objects.filter(type="credits.granted")
    assert (event.user, event.data["amount"], event.data["source"]) == (ada, 100, "referral")
    assert event.data["expires_at"] == "2026-06-08T12:00:00Z"
    with django_capture_on_commit_callbacks(execute=True):
        make_clip(guest)
        reward_referral(guest.pk)
    assert pay_referrals() == 0
    assert rewards(ada) == [100]


def test_a_reward_that_a_crash_cut_off_is_paid_by_housekeeping(ada, invite):
    make_clip(invite(ada))  # what follows the commit never comes in this test's transaction
    assert rewards(ada) == []
    assert pay_referrals() == 1
    assert rewards(ada) == [100]


def test_whom_nobody_or_the_operator_invited_rewards_nobody(ada):
    make_clip(ada)
    assert not Referral.objects.exists()


def test_above_the_limit_of_thirty_days_nothing_is_given_nor_later(settings, ada, invite, clock):
    settings.REFERRALS_REWARDED_MAX = 1
    for _ in range(2):
        make_clip(invite(ada))
    assert pay_referrals() == 2
    assert sorted(Referral.objects.values_list("amount", flat=True)) == [0, 100]
    clock.go(days=30)
    assert pay_referrals() == 0
    make_clip(invite(ada))
    assert pay_referrals() == 1
    assert rewards(ada) == [100, 100]


def test_a_reward_of_nothing_is_off(settings, ada, invite):
    settings.REFERRAL_CREDITS = 0
    make_clip(invite(ada))
    assert not Referral.objects.exists()


def test_a_clip_is_published_whatever_becomes_of_the_reward(ada, invite, monkeypatch, caplog):
    def fail(invitee_id):
        # A real failure of the database: only a savepoint keeps the transaction alive after it.
        Referral.objects.create(invitee_id=invitee_id, inviter_id=invitee_id, amount=-1)

    monkeypatch.setattr(service, "_note", fail)
    clip = make_clip(invite(ada))
    assert Clip.objects.get(pk=clip.pk).state == "published"
    assert "is not noted" in caplog.text
    with pytest.raises(DatabaseError):
        fail(ada.pk)


def test_rewards_at_once_keep_to_the_limit(transactional_db, settings, make_user, invite):
    settings.REFERRALS_REWARDED_MAX, settings.INVITES_PER_USER = 2, 9
    inviter = make_user()
    guests = [invite(inviter) for _ in range(5)]

    race(lambda n: reward_referral(guests[n % 5].pk), times=10)
    assert rewards(inviter) == [100, 100]
    assert Referral.objects.filter(amount=0).count() == 3
