"""What one viewer did with one clip."""

from __future__ import annotations

from django.conf import settings
from django.db import models


class Like(models.Model):
    """A viewer likes a clip; `Clip.like_count` is the number of these rows."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    clip = models.ForeignKey("feed.Clip", models.CASCADE, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "clip"], name="like_once")]

    def __str__(self) -> str:
        return f"{self.user_id} likes {self.clip_id}"


class HiddenReason(models.TextChoices):
    """Why a viewer is not shown a clip again."""

    REPORTED = "reported"
    NOT_INTERESTED = "not_interested"


class HiddenClip(models.Model):
    """A clip that one viewer is not shown again."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    clip = models.ForeignKey("feed.Clip", models.CASCADE, related_name="+")
    reason = models.CharField(max_length=20, choices=HiddenReason)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "clip"], name="hidden_clip_once")]

    def __str__(self) -> str:
        return f"{self.clip_id} is hidden from {self.user_id}"
