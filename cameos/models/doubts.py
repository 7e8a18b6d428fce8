"""Faces in clips that may be somebody's who has not agreed: a question to a moderator."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from core.ids import new_id


class LikenessDoubt(models.Model):
    """That a clip's face is like a registered one, but not so much that a machine may say so.

    Until a moderator has cleared it, nobody but its author sees the clip.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    cameo = models.ForeignKey("cameos.Cameo", models.CASCADE, related_name="doubts")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")  # author
    clip_id = models.UUIDField()  # also of a clip that is still being made
    at_seconds = models.FloatField()  # where in the clip it is most alike
    similarity = models.FloatField()
    is_cleared = models.BooleanField(null=True)  # None: nobody has looked; False: it is them
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = "likeness in doubt"
        verbose_name_plural = "likenesses in doubt"
        constraints = [
            models.UniqueConstraint(fields=["clip_id", "cameo"], name="doubt_once_a_clip")
        ]
        indexes = [
            models.Index(
                fields=["created_at"],
                condition=models.Q(is_cleared__isnull=True),
                name="doubt_open",
            )
        ]

    def __str__(self) -> str:
        return f"doubt about {self.clip_id}"
