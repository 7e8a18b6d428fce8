"""Whose likenesses a clip shows."""

from __future__ import annotations

from django.db import models


class ClipCast(models.Model):
    """One likeness in one clip; written with the clip or its lineage and never changed.

    A clip has every likeness of its parents, too: so the end of a cameo finds all that was made
    from a clip with it, however deep, without walking the lineage.
    """

    clip = models.ForeignKey("feed.Clip", models.CASCADE, related_name="cast", db_index=False)
    # A cameo is revoked before its row goes: what is hidden then stays hidden without this row.
    cameo = models.ForeignKey("cameos.Cameo", models.CASCADE, related_name="+")
    is_inherited = models.BooleanField()  # of a parent alone: no engine was given the picture

    class Meta:
        constraints = [models.UniqueConstraint(fields=["clip", "cameo"], name="clip_cast_once")]

    def __str__(self) -> str:
        return f"{self.cameo_id} in {self.clip_id}"
