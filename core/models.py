"""The small tables of core: kept answers, withheld media, and the crisis switches."""

from __future__ import annotations

from django.db import models


class IdempotentAnswer(models.Model):
    """What was answered under a key; committed together with the effect, kept for 24 hours."""

    scope = models.CharField(max_length=64)  # hash of who asked and on which route
    key = models.CharField(max_length=200)
    request_sha256 = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField()
    body = models.BinaryField()  # encrypted: an answer may carry an invite code or a prompt
    created_at = models.DateTimeField(auto_now_add=True, db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["scope", "key"], name="idempotent_answer_once")
        ]

    def __str__(self) -> str:
        return f"{self.scope} {self.status}"


class WithheldMedia(models.Model):
    """A prefix of the object store whose signed URLs no longer answer viewers: `core.storage`."""

    prefix = models.CharField(max_length=120, unique=True)
    deletion_is_due = models.BooleanField(default=False)  # the files go, and then this row
    withheld_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name_plural = "withheld media"

    def __str__(self) -> str:
        return self.prefix


class Switch(models.Model):
    """A thrown crisis switch: `core.switches`. One that is not thrown has no row."""

    name = models.CharField(max_length=100, primary_key=True)
    reason = models.TextField()
    set_by = models.TextField()
    set_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name_plural = "switches"

    def __str__(self) -> str:
        return self.name


class SwitchChange(models.Model):
    """That somebody threw or released a switch.

    Append-only: a trigger in the database refuses every UPDATE and DELETE of these rows.
    """

    name = models.CharField(max_length=100)
    is_on = models.BooleanField()
    reason = models.TextField(blank=True)
    changed_by = models.TextField()
    changed_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.name} {'on' if self.is_on else 'off'} by {self.changed_by}"
