"""How long answers under an Idempotency-Key are kept; below HTTP, so that sweeps may call it."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from core.models import IdempotentAnswer

KEPT = timedelta(hours=24)


def forget_old_answers() -> int:
    """Delete answers older than 24 hours and return how many; safe to call at any time."""
    deleted, _ = IdempotentAnswer.objects.filter(created_at__lt=timezone.now() - KEPT).delete()
    return deleted
