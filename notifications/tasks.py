"""What workers are called for; each calls one service and may be called twice."""

from __future__ import annotations

from celery import shared_task

from notifications.services import deliver_due
from notifications.services.outbox import DELIVER


@shared_task(name=DELIVER)
def deliver_task() -> None:
    """Send the webhooks that are due."""
    deliver_due()
