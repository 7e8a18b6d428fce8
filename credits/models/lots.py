"""What a wallet's credits are made of: lots that expire, and holds on them."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from core.ids import new_id
from credits.models.ledger import KEY_LENGTH_MAX, REFERENCE_LENGTH_MAX, Wallet


class LotSource(models.TextChoices):
    """Where the credits of a lot came from."""

    DAILY = "daily"
    PURCHASE = "purchase"
    REFERRAL = "referral"
    GRANT = "grant"
    REFUND = "refund"


class Lot(models.Model):
    """Credits that came together and expire together; of a wallet's, the first to expire go first.

    `remaining` is what is available of it; the rest is held, spent, expired or revoked.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    wallet = models.ForeignKey(Wallet, models.PROTECT, related_name="lots")
    source = models.CharField(max_length=10, choices=LotSource)
    key = models.CharField(max_length=KEY_LENGTH_MAX, unique=True)  # granted once
    amount = models.BigIntegerField()
    remaining = models.BigIntegerField()
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)  # what comes back from a hold is taken, too
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(amount__gt=0, remaining__gte=0, remaining__lte=F("amount")),
                name="lot_within_its_amount",
            )
        ]
        indexes = [
            models.Index(fields=["wallet", "expires_at"], name="lot_of_wallet"),
            models.Index(fields=["expires_at"], condition=Q(remaining__gt=0), name="lot_to_expire"),
        ]

    def __str__(self) -> str:
        return f"{self.source} {self.remaining}/{self.amount}"


class HoldState(models.TextChoices):
    """Whether credits are still set aside, were spent, or went back."""

    HELD = "held"
    SETTLED = "settled"
    RELEASED = "released"


class Hold(models.Model):
    """Credits set aside for one thing, which is named by `reference` and by it alone."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    wallet = models.ForeignKey(Wallet, models.PROTECT, related_name="holds")
    reference = models.CharField(max_length=REFERENCE_LENGTH_MAX, unique=True)
    amount = models.BigIntegerField()
    state = models.CharField(max_length=10, choices=HoldState, default=HoldState.HELD)
    settled = models.BigIntegerField(default=0)  # of `amount`; the rest went back
    refunded = models.BigIntegerField(default=0)  # of `settled`
    created_at = models.DateTimeField(auto_now_add=True)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    refunded__gte=0,
                    refunded__lte=F("settled"),
                    settled__lte=F("amount"),
                ),
                name="hold_within_its_amount",
            ),
            models.CheckConstraint(
                condition=Q(state=HoldState.SETTLED) | Q(settled=0), name="hold_settled"
            ),
        ]
        indexes = [
            models.Index(fields=["wallet"], condition=Q(state=HoldState.HELD), name="hold_open")
        ]

    def __str__(self) -> str:
        return f"{self.state} {self.amount} for {self.reference}"


class HoldPart(models.Model):
    """How much of a hold comes from which lot, so that it can go back there."""

    hold = models.ForeignKey(Hold, models.CASCADE, related_name="parts")
    lot = models.ForeignKey(Lot, models.PROTECT, related_name="+")
    amount = models.BigIntegerField()
    spent = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["hold", "lot"], name="hold_part_once"),
            models.CheckConstraint(
                condition=Q(amount__gt=0, spent__gte=0, spent__lte=F("amount")),
                name="hold_part_within_its_amount",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.amount} of {self.lot_id}"
