"""Invites: who may come in, and who came by whom."""

from __future__ import annotations

from typing import Self

from django.conf import settings
from django.db import models
from django.utils import timezone

from core.ids import new_id


class InviteQuerySet(models.QuerySet["Invite"]):
    """Invites by whether they let somebody in."""

    def open(self) -> Self:
        """Keep the invites that still let somebody in now."""
        now = timezone.now()
        return self.filter(
            models.Q(expires_at__isnull=True) | models.Q(expires_at__gt=now),
            uses_left__gt=0,
            revoked_at__isnull=True,
        )


class Invite(models.Model):
    """A code that lets `uses` people in; the code itself is known only by its keyed hash."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    code_hash = models.CharField(max_length=64, unique=True)
    created_by = models.ForeignKey(  # null: the operator, or an account since deleted
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="invites"
    )
    uses = models.PositiveIntegerField()
    uses_left = models.PositiveIntegerField()
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = InviteQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(uses_left__lte=models.F("uses")), name="invite_uses_left"
            )
        ]
        indexes = [models.Index(fields=["created_by", "-created_at", "-id"], name="invite_mine")]

    def __str__(self) -> str:
        return f"invite {self.pk} ({self.uses_left}/{self.uses})"

    @property
    def state(self) -> str:
        """`open`, `used_up`, `expired` or `revoked`."""
        if self.revoked_at is not None:
            return "revoked"
        if self.uses_left == 0:
            return "used_up"
        if self.expires_at is not None and self.expires_at <= timezone.now():
            return "expired"
        return "open"


class InviteRedemption(models.Model):
    """An edge of the invite tree: this account came in by that invite."""

    invite = models.ForeignKey(Invite, models.PROTECT, related_name="redemptions")
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="invite_redemption"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.user_id} by invite {self.invite_id}"
