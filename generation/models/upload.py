"""A picture that a clip may begin from; no stranger's face is in it."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now

from core.ids import new_id


class UploadState(models.TextChoices):
    """Where an upload is."""

    CHECKING = "checking"  # no worker has looked at it yet
    READY = "ready"
    REFUSED = "refused"  # the code says why; the picture is gone


class Upload(models.Model):
    """A picture of a user's own, drawn anew from what they sent, and sealed."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    state = models.CharField(max_length=10, choices=UploadState, default=UploadState.CHECKING)
    refused_code = models.CharField(max_length=40, blank=True)
    picture = models.BinaryField(null=True)  # a sealed JPEG; None: refused
    width_px = models.PositiveIntegerField()
    height_px = models.PositiveIntegerField()
    cast = ArrayField(models.UUIDField(), default=list)  # cameos whose faces are in it
    tries = models.PositiveSmallIntegerField(default=0)  # of looking at it
    tried_at = models.DateTimeField(null=True)
    used_at = models.DateTimeField(db_default=Now())  # by the last request that named it
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [
            models.Index(fields=["user", "-created_at"], name="upload_of_user"),
            models.Index(fields=["used_at"], name="upload_unused"),
            models.Index(
                fields=["tried_at"], condition=models.Q(state="checking"), name="upload_unchecked"
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state="refused", picture__isnull=True)
                | models.Q(~models.Q(state="refused"), picture__isnull=False),
                name="upload_refused_is_gone",
            )
        ]

    def __str__(self) -> str:
        return f"upload {self.pk} ({self.state})"
