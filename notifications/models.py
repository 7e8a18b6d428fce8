"""What a person was told, in the order it was committed, and is on its way to their webhooks."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models

from core.ids import new_id
from notifications.policy import URL_LENGTH_MAX


class EventCounter(models.Model):
    """The number of a user's newest event; its row lock puts their events in commit order."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True)
    last = models.PositiveBigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.user_id}: {self.last}"


class Event(models.Model):
    """One durable event of one user; `sequence` is what a stream resumes after."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="events")
    sequence = models.PositiveBigIntegerField()
    type = models.CharField(max_length=60)
    data = models.JSONField()
    created_at = models.DateTimeField(auto_now_add=True, db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "sequence"], name="event_sequence_once")
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.sequence} of {self.user_id}"


class Webhook(models.Model):
    """An address of a user's own that is told of their durable events."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="webhooks")
    url = models.CharField(max_length=URL_LENGTH_MAX)
    events = ArrayField(models.CharField(max_length=60))
    is_enabled = models.BooleanField(default=True)
    disabled_because = models.CharField(max_length=20, blank=True)  # gone, failing; "": its owner
    secret = models.BinaryField()  # sealed: `notifications.services.webhooks`
    old_secret = models.BinaryField(null=True)  # signs along until then
    old_secret_until = models.DateTimeField(null=True)
    failing_since = models.DateTimeField(null=True)  # the first failure since the last success
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.pk} of {self.user_id}"


class Delivery(models.Model):
    """One event on its way to one webhook; its id is `webhook-id` in every try.

    The row is the truth: a sender leases it, sends, and writes down what came of it. One that dies
    in between leaves a lease that runs out, and the same delivery is sent again.
    """

    class State(models.TextChoices):
        """Where a delivery stands."""

        PENDING = "pending"
        DELIVERED = "delivered"
        FAILED = "failed"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    webhook = models.ForeignKey(Webhook, models.CASCADE, related_name="deliveries")
    type = models.CharField(max_length=60)
    data = models.JSONField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.PENDING)
    tries = models.PositiveSmallIntegerField(default=0)  # begun ones: what a lease is known by
    next_try_at = models.DateTimeField(null=True)
    leased_until = models.DateTimeField(null=True)
    tried_at = models.DateTimeField(null=True)
    http_status = models.PositiveSmallIntegerField(null=True)
    error = models.CharField(max_length=100, blank=True)
    created_at = models.DateTimeField(db_index=True)

    class Meta:
        verbose_name_plural = "deliveries"
        indexes = [
            models.Index(
                fields=["next_try_at"], condition=models.Q(state="pending"), name="delivery_due"
            ),
            models.Index(fields=["webhook", "created_at", "id"], name="delivery_list"),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.pk} {self.state}"
