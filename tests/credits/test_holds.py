"""Hold, settle, release, refund: what each does to the lots and to the books."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db.models import Sum

from credits.errors import InsufficientCredits
from credits.models import Account, Hold, Lot, LotSource, Posting, Wallet
from credits.selectors import balance_of, history_of
from credits.services import (
    expire_lots,
    grant,
    hold,
    reconcile,
    refund,
    release,
    set_plan,
    settle,
)
from tests.racing import race

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _books_add_up(request):
    """Hold the books against each other after every test here."""
    yield
    if "transactional_db" not in request.fixturenames:
        assert reconcile() == []


def give(user, amount, *, days, clock, source="grant"):
    key = f"{source}:{days}:{amount}"
    until = clock.at + timedelta(days=days)
    grant(user_id=user.pk, amount=amount, source=source, key=key, expires_at=until)
    return Lot.objects.get(key=key)


def left(*lots):
    for lot in lots:
        lot.refresh_from_db()
    return [lot.remaining for lot in lots]


def spend(user, amount, reference="job"):
    hold(user_id=user.pk, reference=reference, amount=amount)
    settle(reference=reference)


def wallet(user):
    return Wallet.objects.values_list("available", "held").get(user=user)


def test_the_day_begins_with_the_plans_credits_before_anything_is_written(ada, clock):
    got = balance_of(ada.pk)
    assert (got.plan.name, got.balance, got.held) == ("free", 150, 0)
    assert (got.daily.amount, got.daily.left) == (150, 150)
    assert got.daily.renews_at == clock.at.replace(hour=0) + timedelta(days=1)
    assert [(lot.source, lot.left) for lot in got.lots] == [("daily", 150)]
    assert not Lot.objects.exists()


def test_a_hold_gives_todays_credits_once_and_sets_some_aside(ada, clock):
    hold(user_id=ada.pk, reference="a", amount=40)
    hold(user_id=ada.pk, reference="b", amount=10)
    assert wallet(ada) == (100, 50)
    got = balance_of(ada.pk)
    assert (got.balance, got.held, got.daily.left, got.daily.amount) == (100, 50, 100, 150)


def test_yesterdays_credits_are_gone_and_todays_are_there(ada, clock):
    spend(ada, 100)
    clock.at = clock.at.replace(hour=23, minute=59, second=59)
    assert balance_of(ada.pk).balance == 50
    clock.go(seconds=1)  # midnight belongs to the new day
    assert balance_of(ada.pk).balance == 150
    hold(user_id=ada.pk, reference="new day", amount=150)
    assert wallet(ada) == (0, 150)
    expired = Posting.objects.filter(account=Account.EXPIRED).aggregate(n=Sum("amount"))["n"]
    assert expired == 50


def test_what_is_not_there_cannot_be_held_and_nothing_changes(ada, clock):
    with pytest.raises(InsufficientCredits) as caught:
        hold(user_id=ada.pk, reference="a", amount=151)
    assert caught.value.extra == {"need": 151, "have": 150}
    assert (caught.value.status, caught.value.code) == (402, "insufficient_credits")
    assert not Wallet.objects.exists()
    assert not Hold.objects.exists()


def test_what_expires_first_is_spent_first(ada, clock):
    late, soon = give(ada, 100, days=300, clock=clock), give(ada, 30, days=3, clock=clock)
    spend(ada, 150 + 30 + 5)  # today's, then the soonest, then the rest
    assert left(soon, late) == [0, 95]


def test_the_same_hold_again_changes_nothing_open_or_closed(ada, clock):
    for _ in range(2):
        hold(user_id=ada.pk, reference="a", amount=40)
        assert wallet(ada) == (110, 40)
    settle(reference="a")
    hold(user_id=ada.pk, reference="a", amount=40)
    assert wallet(ada) == (110, 0)
    with pytest.raises(ValueError, match="holds 40"):
        hold(user_id=ada.pk, reference="a", amount=41)


def test_a_reference_is_one_users(ada, bob, clock):
    hold(user_id=ada.pk, reference="a", amount=40)
    with pytest.raises(ValueError, match="holds 40"):
        hold(user_id=bob.pk, reference="a", amount=40)


def test_a_hold_of_nothing_is_written_down_and_costs_nothing(ada, clock):
    hold(user_id=ada.pk, reference="a", amount=0)
    settle(reference="a")
    assert Hold.objects.get().state == "settled"
    assert refund(reference="a") == 0
    assert wallet(ada) == (0, 0)
    with pytest.raises(ValueError, match="-1"):
        hold(user_id=ada.pk, reference="b", amount=-1)


def test_the_first_of_settle_and_release_wins(ada, clock):
    hold(user_id=ada.pk, reference="a", amount=40)
    release(reference="a")
    settle(reference="a")
    release(reference="a")
    assert wallet(ada) == (150, 0)
    hold(user_id=ada.pk, reference="b", amount=40)
    settle(reference="b")
    release(reference="b")
    settle(reference="b")
    assert wallet(ada) == (110, 0)


def test_a_reference_without_a_hold_is_harmless(ada):
    settle(reference="nothing")
    release(reference="nothing")
    assert refund(reference="nothing") == 0


def test_a_smaller_settlement_gives_the_rest_back_to_what_lasts_longest(ada, clock):
    soon, late = give(ada, 30, days=3, clock=clock), give(ada, 100, days=300, clock=clock)
    hold(user_id=ada.pk, reference="a", amount=150 + 30 + 60)
    assert left(soon, late) == [0, 40]
    settle(reference="a", amount=160)
    assert left(soon, late) == [20, 100]
    assert Hold.objects.get().settled == 160


@pytest.mark.parametrize("amount", [-1, 41])
def test_more_than_is_held_cannot_be_settled(ada, clock, amount):
    hold(user_id=ada.pk, reference="a", amount=40)
    with pytest.raises(ValueError, match="of 40"):
        settle(reference="a", amount=amount)
    assert wallet(ada) == (110, 40)


def test_daily_credits_that_come_back_the_next_day_are_gone(ada, clock):
    hold(user_id=ada.pk, reference="a", amount=40)
    clock.go(days=1)
    release(reference="a")
    assert wallet(ada) == (0, 0)  # today's are given when something is held
    assert balance_of(ada.pk).balance == 150


def test_other_credits_that_come_back_too_late_last_a_day_more(ada, clock):
    lot = give(ada, 100, days=2, clock=clock)
    hold(user_id=ada.pk, reference="a", amount=200)  # 150 of today's and 50 of the lot
    clock.go(days=3)
    release(reference="a")
    assert left(lot) == [50]  # the other 50 went with their time
    assert lot.expires_at == clock.at + timedelta(days=1)
    clock.go(days=1)
    assert expire_lots() == 1
    assert expire_lots() == 0
    assert left(lot) == [0]


def test_a_refund_gives_back_once_what_was_spent(ada, clock):
    lot = give(ada, 100, days=300, clock=clock)
    spend(ada, 200)
    assert refund(reference="job", amount=60) == 60  # 50 to the lot, 10 to today's
    assert left(lot) == [100]
    assert balance_of(ada.pk).daily.left == 10
    assert refund(reference="job") == 0
    assert wallet(ada) == (110, 0)


@pytest.mark.parametrize("amount", [0, 41])
def test_no_more_than_was_spent_is_refunded(ada, clock, amount):
    spend(ada, 40)
    with pytest.raises(ValueError, match="of 40"):
        refund(reference="job", amount=amount)


def test_what_is_held_or_was_released_is_not_refunded(ada, clock):
    hold(user_id=ada.pk, reference="a", amount=40)
    assert refund(reference="a") == 0
    release(reference="a")
    assert refund(reference="a") == 0
    assert wallet(ada) == (150, 0)


def test_daily_credits_refunded_after_their_day_last_one_day(ada, clock):
    spend(ada, 40)
    clock.go(days=5)
    assert refund(reference="job") == 40
    (lot,) = Lot.objects.filter(source=LotSource.REFUND)
    assert (lot.remaining, lot.expires_at) == (40, clock.at + timedelta(days=1))
    assert balance_of(ada.pk).balance == 190


def test_a_larger_plan_gives_the_difference_and_a_change_back_gives_nothing(ada, clock):
    spend(ada, 150)
    tomorrow = clock.at + timedelta(days=1)
    set_plan(user_id=ada.pk, plan="plus", until=tomorrow, source="operator")
    assert balance_of(ada.pk).balance == 350
    spend(ada, 340, "b")
    set_plan(user_id=ada.pk, plan="plus", until=clock.at, source="operator")
    got = balance_of(ada.pk)
    assert (got.plan.name, got.balance, got.daily.amount) == ("free", 10, 500)
    set_plan(user_id=ada.pk, plan="plus", until=tomorrow, source="operator")
    assert balance_of(ada.pk).balance == 10
    with pytest.raises(InsufficientCredits):
        hold(user_id=ada.pk, reference="c", amount=11)


def test_a_grant_of_one_key_is_given_once(ada, clock):
    until = clock.at + timedelta(days=1)
    facts = {"user_id": ada.pk, "source": "grant", "key": "once", "expires_at": until}
    assert grant(**facts, amount=5, note="Sorry") is True
    assert grant(**facts, amount=9) is False
    assert wallet(ada) == (5, 0)
    with pytest.raises(ValueError, match="0"):
        grant(**{**facts, "key": "other"}, amount=0)


def test_history_says_what_became_of_each_credit(ada, clock):
    hold(user_id=ada.pk, reference="job", amount=40)
    settle(reference="job", amount=30)
    got = [
        (each.transaction.kind, each.amount, each.transaction.reference)
        for each in history_of(ada.pk).order_by("id")
    ]
    daily = Lot.objects.get().key
    assert got == [("granted", 150, daily), ("held", -40, "job"), ("released", 10, "job")]


def test_a_deleted_users_books_stay_without_their_name_and_their_credits_go(ada, clock):
    give(ada, 100, days=300, clock=clock)
    hold(user_id=ada.pk, reference="a", amount=40)
    postings = Posting.objects.count()
    ada.delete()
    assert Posting.objects.count() == postings
    assert expire_lots() == 1
    release(reference="a")  # the job that was under way ends
    assert Wallet.objects.values_list("user", "available", "held").get() == (None, 0, 0)


def test_of_twenty_holds_at_once_as_many_succeed_as_there_are_credits_for(
    transactional_db, make_user
):
    user = make_user()

    def one(n):
        try:
            hold(user_id=user.pk, reference=f"job {n}", amount=20)
        except InsufficientCredits:
            return False
        return True

    assert race(one, times=20).count(True) == 7  # 150 // 20
    assert wallet(user) == (10, 140)
    assert reconcile() == []


def test_the_same_hold_at_once_is_one_and_of_settle_and_release_one_wins(
    transactional_db, make_user
):
    user = make_user()
    race(lambda n: hold(user_id=user.pk, reference="job", amount=20), times=8)
    assert wallet(user) == (130, 20)
    race(lambda n: (settle if n % 2 else release)(reference="job"), times=8)
    assert wallet(user) in {(130, 0), (150, 0)}
    race(lambda n: refund(reference="job"), times=8)
    assert wallet(user) == (150, 0)
    assert reconcile() == []
