"""Who has which plan, what was bought, and who brought whom."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from core.ids import new_id
from credits.models.lots import Lot
from credits.policy.plans import NAME_LENGTH_MAX

ID_LENGTH_MAX = 255  # of a provider's ids


class Subscription(models.Model):
    """That a user has a plan until a time; each source tells of one such row of a user."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    plan = models.CharField(max_length=NAME_LENGTH_MAX)
    source = models.CharField(max_length=ID_LENGTH_MAX + 20)  # "operator", "stripe:sub_…"
    until = models.DateTimeField(null=True)  # null: without an end
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "source"], name="subscription_once")]

    def __str__(self) -> str:
        return f"{self.plan} of {self.user_id} by {self.source}"


class PurchaseKind(models.TextChoices):
    """What a provider told."""

    PURCHASED = "purchased"
    REFUNDED = "refunded"
    SUBSCRIBED = "subscribed"
    SUBSCRIPTION_ENDED = "subscription_ended"


class Purchase(models.Model):
    """One fact that a payment provider signed for; told twice it is one row.

    Facts come in any order (a refund before its purchase), so each is kept and what follows from
    them is worked out anew. A deleted user's purchases stay, for the books, and name nobody.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    provider = models.CharField(max_length=20)
    kind = models.CharField(max_length=20, choices=PurchaseKind)
    transaction_id = models.CharField(max_length=ID_LENGTH_MAX)
    original_id = models.CharField(max_length=ID_LENGTH_MAX, blank=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    product_id = models.CharField(max_length=ID_LENGTH_MAX, blank=True)
    quantity = models.PositiveIntegerField(default=1)
    expires_at = models.DateTimeField(null=True)  # of a subscription's period
    occurred_at = models.DateTimeField()  # by the provider's clock
    lot = models.OneToOneField(Lot, models.PROTECT, null=True, related_name="purchase")
    # Of `lot`, once its money went back: credits that were gone by then and nobody can take.
    unrecovered = models.BigIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["provider", "kind", "transaction_id"], name="purchase_fact_once"
            ),
            models.CheckConstraint(
                condition=models.Q(unrecovered__gte=0), name="purchase_unrecovered"
            ),
        ]
        indexes = [models.Index(fields=["provider", "original_id"], name="purchase_original")]

    def __str__(self) -> str:
        return f"{self.kind} {self.provider} {self.transaction_id}"


class Referral(models.Model):
    """That an invited user published a first clip, and what their inviter got for it.

    The row is written with the publication and paid after it, by whoever comes first.
    """

    invitee = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True, related_name="+"
    )
    inviter = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    amount = models.PositiveIntegerField(null=True)  # null: not decided yet; 0: above the limit
    created_at = models.DateTimeField(auto_now_add=True)
    decided_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["created_at"],
                condition=models.Q(amount__isnull=True),
                name="referral_undecided",
            ),
            models.Index(fields=["inviter", "decided_at"], name="referral_of_inviter"),
        ]

    def __str__(self) -> str:
        return f"{self.invitee_id} by {self.inviter_id}"
