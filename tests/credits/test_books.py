"""The books: nothing in them changes, each transaction sums to zero, and reconcile would tell."""

from __future__ import annotations

import random
from contextlib import suppress
from datetime import timedelta

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.db.models import Sum

from config.celery import app
from credits.errors import InsufficientCredits
from credits.models import Account, Hold, Lot, Posting, Transaction, Wallet
from credits.services import expire_lots, grant, hold, reconcile, refund, release, settle
from credits.services.books import post, wallet_of
from credits.tasks import reconcile_task
from tests.racing import race

pytestmark = pytest.mark.django_db


@pytest.fixture
def settled(ada):
    hold(user_id=ada.pk, reference="job", amount=40)
    settle(reference="job")


@pytest.mark.parametrize("table", ["credits_transaction", "credits_posting"])
@pytest.mark.parametrize("sql", ["UPDATE {} SET id = id", "DELETE FROM {}"])
def test_no_row_of_the_books_changes_or_goes(settled, table, sql):
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        connection.cursor().execute(sql.format(table))


def test_the_books_are_not_emptied(settled):
    cursor = connection.cursor()
    cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    # Off in tests alone, whose database is emptied between them: tests/conftest.py.
    cursor.execute("ALTER TABLE credits_posting ENABLE TRIGGER credits_posting_stays")
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        cursor.execute("TRUNCATE credits_posting")


@transaction.atomic
def write(amounts):
    made = Transaction.objects.create(kind="granted", reference="odd")
    for amount in amounts:
        Posting.objects.create(transaction=made, account=Account.ISSUED, amount=amount)


@pytest.mark.parametrize("amounts", [(5, -4), (5,), ()])
def test_a_transaction_that_does_not_sum_to_zero_never_commits(transactional_db, ada, amounts):
    with pytest.raises(IntegrityError, match="postings that sum to"):
        write(amounts)
    assert not Transaction.objects.exists()


def test_the_service_refuses_such_a_transaction_before_it_is_written(ada):
    wallet = wallet_of(ada.pk)
    with pytest.raises(ValueError, match="sum to zero"):
        post(wallet, "granted", {Account.AVAILABLE: 5}, reference="odd")


def test_a_wallet_never_goes_below_zero(ada):
    wallet, amounts = wallet_of(ada.pk), {Account.AVAILABLE: -5, Account.ISSUED: 5}
    with pytest.raises(IntegrityError, match="wallet_not_negative"), transaction.atomic():
        post(wallet, "revoked", amounts, reference="odd")


def test_reconcile_tells_what_does_not_add_up(settled, ada):
    assert reconcile() == []
    Wallet.objects.update(available=111, held=3)
    Hold.objects.update(settled=39)
    found = {str(each).split(":")[0]: (each.found, each.expected) for each in reconcile()}
    assert found == {
        "a wallet's available credits are not its postings'": (111, 110),
        "a wallet's available credits are not its lots'": (111, 110),
        "a wallet's held credits are not its postings'": (3, 0),
        "a wallet's held credits are not its open holds'": (3, 0),
        "what a hold cost is not what its parts cost": (39, 40),
    }


def test_the_daily_task_logs_what_does_not_add_up(settled, caplog):
    reconcile_task()
    assert caplog.records == []
    Wallet.objects.update(held=3)
    reconcile_task()
    assert {record.levelname for record in caplog.records} == {"ERROR"}
    assert "held credits are not its open holds'" in caplog.text
    assert "credits.reconcile" in {each["task"] for each in app.conf.beat_schedule.values()}


class Spender:
    """Does one random thing after another to the credits of a few users."""

    def __init__(self, seed, users, clock):
        self.random = random.Random(seed)
        self.seed, self.users, self.clock = seed, users, clock

    def run(self, steps):
        for step in range(steps):
            getattr(self, self.random.choice(self.THINGS))(step)

    def reference(self):
        """Name a hold that this or another spender may have made, of a user that is always same."""
        number = self.random.randrange(60)
        return self.users[number % len(self.users)].pk, f"job {number}", 1 + number * 2

    def hold(self, step):
        user_id, reference, amount = self.reference()
        with suppress(InsufficientCredits):
            hold(user_id=user_id, reference=reference, amount=amount)

    def settle(self, step):
        settle(reference=self.reference()[1])

    def settle_in_part(self, step):
        settle(reference=self.reference()[1], amount=1)

    def release(self, step):
        release(reference=self.reference()[1])

    def refund(self, step):
        refund(reference=self.reference()[1])

    def grant(self, step):
        grant(
            user_id=self.random.choice(self.users).pk,
            amount=self.random.randrange(1, 50),
            source=self.random.choice(["purchase", "referral", "grant"]),
            key=f"{self.seed} {step}",
            expires_at=self.clock.at + timedelta(hours=self.random.randrange(1, 60)),
        )

    def expire(self, step):
        expire_lots()

    def wait(self, step):
        self.clock.go(hours=self.random.randrange(4))

    THINGS = ["hold"] * 6 + ["settle", "settle_in_part", "release", "refund"] * 2
    THINGS += ["grant", "expire", "wait"]


def test_whatever_happens_at_once_the_books_add_up(transactional_db, make_user, clock):
    users = [make_user() for _ in range(3)]
    spenders = [Spender(seed, users, clock) for seed in range(6)]
    race(lambda n: spenders[n].run(60), times=6)
    assert reconcile() == []
    for wallet in Wallet.objects.all():
        assert min(wallet.available, wallet.held) >= 0
    states = set(Hold.objects.values_list("state", flat=True))
    assert states >= {"settled", "released"}  # it was no walk through empty rooms
    assert Lot.objects.filter(remaining=0).exists()

    for reference in Hold.objects.values_list("reference", flat=True):
        release(reference=reference)
    clock.go(days=100)
    expire_lots()
    sums = dict(Posting.objects.values_list("account").annotate(n=Sum("amount")))
    assert (sums[Account.AVAILABLE], sums[Account.HELD]) == (0, 0)
    assert -sums[Account.ISSUED] == sums[Account.SPENT] + sums[Account.EXPIRED]
    assert reconcile() == []
