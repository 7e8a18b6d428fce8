"""What a person may read of their events."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from notifications.models import Event, EventCounter

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
