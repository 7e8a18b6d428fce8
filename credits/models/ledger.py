"""The books: append-only transactions whose postings sum to zero, and each user's wallet."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from core.ids import new_id

REFERENCE_LENGTH_MAX = 200
KEY_LENGTH_MAX = REFERENCE_LENGTH_MAX + 20  # a key may be made of a reference
NOTE_LENGTH_MAX = 200


class Wallet(models.Model):
    """What a user has: the sums of their two accounts. Its row lock puts a user's money in line.

    A deleted user's wallet stays with its postings and names nobody.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )
    available = models.BigIntegerField(default=0)
    held = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(available__gte=0, held__gte=0), name="wallet_not_negative"
            )
        ]

    def __str__(self) -> str:
        return f"wallet {self.pk} ({self.available}, held {self.held})"


class Account(models.TextChoices):
    """Where credits are. The first two are a wallet's, the rest the instance's."""

    AVAILABLE = "available"
    HELD = "held"
    ISSUED = "issued"  # below zero: all that ever was given, less what was taken back
    SPENT = "spent"
    EXPIRED = "expired"


OF_A_WALLET = (Account.AVAILABLE, Account.HELD)


class TransactionKind(models.TextChoices):
    """What happened to somebody's credits."""

    GRANTED = "granted"
    HELD = "held"
    SETTLED = "settled"
    RELEASED = "released"
    REFUNDED = "refunded"
    EXPIRED = "expired"
    REVOKED = "revoked"  # the money for them went back


class Transaction(models.Model):
    """One movement of credits. A trigger in the database refuses every UPDATE and DELETE."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    kind = models.CharField(max_length=10, choices=TransactionKind)
    # What it was for, such as "generation:<uuid>" or "daily:2026-01-31".
    reference = models.CharField(max_length=KEY_LENGTH_MAX, db_index=True)
    note = models.CharField(max_length=NOTE_LENGTH_MAX, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.kind} {self.reference}"


class Posting(models.Model):
    """One side of a transaction; those of one transaction sum to zero when it commits.

    Append-only as the transactions are. Of one wallet the ids ascend as they commit: they are
    written under its lock.
    """

    id = models.BigAutoField(primary_key=True)
    transaction = models.ForeignKey(Transaction, models.PROTECT, related_name="postings")
    account = models.CharField(max_length=10, choices=Account)
    wallet = models.ForeignKey(Wallet, models.PROTECT, null=True, related_name="postings")
    amount = models.BigIntegerField()  # what the account gains, in credits

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~models.Q(amount=0), name="posting_not_nothing"),
            models.CheckConstraint(
                condition=models.Q(account__in=OF_A_WALLET, wallet__isnull=False)
                | (~models.Q(account__in=OF_A_WALLET) & models.Q(wallet__isnull=True)),
                name="posting_of_a_wallet",
            ),
        ]
        indexes = [models.Index(fields=["wallet", "account", "-id"], name="posting_history")]

    def __str__(self) -> str:
        return f"{self.account} {self.amount:+}"
