"""An author's word against a refusal."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from core.ids import new_id

TEXT_CHARACTERS_MAX = 1000
REASON_CHARACTERS_MAX = 2000


class AppealState(models.TextChoices):
    """How far an appeal is."""

    OPEN = "open"
    UPHELD = "upheld"
    DENIED = "denied"


class Appeal(models.Model):
    """One refusal that its author does not accept; keeps the request for as long as it is there."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="generation_appeals"
    )
    request = models.JSONField()  # `GenerationRequest.as_json`; private, but to moderators
    fingerprint = models.CharField(max_length=64)  # of its texts, or of a drawn clip's recipe
    reasons = models.JSONField()  # as the author was told them
    text = models.CharField(max_length=TEXT_CHARACTERS_MAX, blank=True)
    job = models.ForeignKey(
        "generation.Job", models.SET_NULL, null=True, related_name="appeals"
    )  # or none
    state = models.CharField(
        max_length=8, choices=AppealState.choices, default=AppealState.OPEN.value
    )
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True)
    decision_reason = models.CharField(max_length=REASON_CHARACTERS_MAX, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "fingerprint"], name="appeal_once")]
        indexes = [
            models.Index(
                fields=["created_at"], condition=models.Q(state="open"), name="appeal_open"
            )
        ]

    def __str__(self) -> str:
        return f"appeal {self.pk} ({self.state})"
