"""What clips cost the operator."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from credits.models.ledger import REFERENCE_LENGTH_MAX


class ClipCost(models.Model):
    """What one piece of work cost, whatever came of it; in money as the prices were at its end."""

    reference = models.CharField(max_length=REFERENCE_LENGTH_MAX, unique=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    engine = models.CharField(max_length=40)
    model = models.CharField(max_length=120)
    outcome = models.CharField(max_length=20)
    engine_seconds = models.FloatField()
    storage_bytes = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    micros = models.BigIntegerField()  # millionths of the currency
    watt_hours = models.FloatField()
    image_equivalents = models.FloatField()  # still images the engine makes in the same time
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(engine_seconds__gte=0, storage_bytes__gte=0, micros__gte=0),
                name="clip_cost_not_negative",
            )
        ]
        indexes = [models.Index(fields=["created_at"], include=["micros"], name="clip_cost_latest")]

    def __str__(self) -> str:
        return f"{self.micros} micro-{self.currency} for {self.reference}"
