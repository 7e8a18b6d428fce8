"""Who waits for an invite, in the order they came."""

from __future__ import annotations

from typing import Self

from django.db import models
from django.db.models.functions import Lower


class WaitlistQuerySet(models.QuerySet["WaitlistEntry"]):
    """Waitlist entries by where they stand."""

    def waiting(self) -> Self:
        """Keep the entries that no invite was made for."""
        return self.filter(invited_at__isnull=True)


class WaitlistEntry(models.Model):
    """An address in the queue; its place is the number of waiting entries with a lower id."""

    email = models.EmailField(unique=True)
    created_at = models.DateTimeField(auto_now_add=True)
    invite = models.OneToOneField(
        "accounts.Invite", models.PROTECT, null=True, related_name="waitlist_entry"
    )
    invited_at = models.DateTimeField(null=True)  # the invite was made
    mailed_at = models.DateTimeField(null=True)  # the mail server took the code

    objects = WaitlistQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "waitlist entries"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(email=Lower("email")), name="waitlist_email_lower"
            )
        ]
        indexes = [
            models.Index(
                fields=["id"], condition=models.Q(invited_at__isnull=True), name="waitlist_waiting"
            )
        ]

    def __str__(self) -> str:
        return self.email
