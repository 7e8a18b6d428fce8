"""What a person may read of their events."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Count, Q, QuerySet

from core.errors import NotFound
from notifications.models import Delivery, Event, EventCounter, Webhook

BATCH = 200


def events_of(user_id: UUID) -> QuerySet[Event]:
    """Return the user's durable events, unordered."""
    return Event.objects.filter(user_id=user_id)


def last_sequence(user_id: UUID) -> int:
    """Return the number of the user's newest durable event, 0 before the first."""
    counter = EventCounter.objects.filter(user_id=user_id).values_list("last", flat=True)
    return counter.first() or 0


def events_after(user_id: UUID, sequence: int) -> list[dict[str, Any]]:
    """Return the next durable events after a number, oldest first, at most 200."""
    rows = events_of(user_id).filter(sequence__gt=sequence).order_by("sequence")[:BATCH]
    return [as_message(event) for event in rows]


def as_message(event: Event) -> dict[str, Any]:
    """Return an event as clients see it; `id` is what a stream resumes after."""
    return {
        "id": str(event.sequence),
        "type": event.type,
        "data": event.data,
        "created_at": event.created_at.isoformat().replace("+00:00", "Z"),
    }


def webhooks_of(user_id: UUID) -> QuerySet[Webhook]:
    """Return the user's webhooks, unordered."""
    return Webhook.objects.filter(user_id=user_id)


def webhook_of(user_id: UUID, webhook_id: UUID) -> Webhook:
    """Return one of the user's webhooks.

    Raises:
        NotFound: the user has no such webhook.
    """
    webhook = webhooks_of(user_id).filter(pk=webhook_id).first()
    if webhook is None:
        raise NotFound("There is no such webhook of yours.")
    return webhook


def deliveries_of(webhook: Webhook) -> QuerySet[Delivery]:
    """Return what was and is on its way to a webhook, unordered; kept for 30 days."""
    return Delivery.objects.filter(webhook=webhook)


def delivery_counts(*, failed_since: datetime) -> dict[str, int]:
    """Return how many deliveries of all users are `pending`, and how many made since then `failed`.

    In one query.
    """
    pending, failed = Delivery.State.PENDING.value, Delivery.State.FAILED.value
    wanted = Q(state=pending) | Q(state=failed, created_at__gte=failed_since)
    rows = Delivery.objects.filter(wanted).values_list("state").annotate(n=Count("pk"))
    return {pending: 0, failed: 0, **dict(rows)}
