"""What a person was told, in the order it was committed."""

from __future__ import annotations

from django.conf import settings
from django.db import models


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
