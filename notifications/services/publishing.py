"""Tell a person what happened: durable events are rows, everything else is a passing message."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from datetime import timedelta
from functools import cache, partial
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from notifications.models import Delivery, Event
from notifications.services.outbox import add_deliveries

CHANNEL = "vignette:events"  # every process with open streams listens to this one
KEPT = timedelta(days=30)
_log = logging.getLogger(__name__)


def publish(user_id: UUID, type: str, data: Mapping[str, Any], *, durable: bool) -> None:  # noqa: A002
    """Tell a user of an event, when the caller's transaction commits and only then.

    A durable event is a row with the user's next number: streams resume after it, so it is never
    lost; and it is on its way to the user's webhooks that asked for it. Make it the last step of a
    transaction: it holds the user's counter until the commit. An event that is not durable reaches
    the streams open at that moment, or nobody. While Valkey is away durable events wait in their
    table and open streams find them on their next look.

    Args:
        user_id: who is told.
        type: dotted name, such as `generation.ready`.
        data: JSON members of the event.
        durable: whether a client that was away must still learn of it.
    """
    with transaction.atomic():
        if durable:
            sequence = _next_sequence(user_id)
            event = Event.objects.create(
                user_id=user_id, sequence=sequence, type=type, data=dict(data)
            )
            add_deliveries(user_id, type, data, at=event.created_at)
            message = {"user": str(user_id), "sequence": sequence}
        else:
            message = {"user": str(user_id), "type": type, "data": dict(data)}
        transaction.on_commit(partial(_wake, json.dumps(message, default=str)))


def forget_old_events() -> int:
    """Delete durable events older than 30 days and return how many; safe to call at any time.

    Deliveries of that age to webhooks go too.
    """
    too_old = timezone.now() - KEPT
    deleted, _ = Event.objects.filter(created_at__lt=too_old).delete()
    Delivery.objects.filter(created_at__lt=too_old).delete()
    return deleted


def _next_sequence(user_id: UUID) -> int:
    """Return the user's next number and keep their counter locked until the commit.

    A number taken outside of the lock could commit after a larger one, and a stream that had
    already passed the larger would never see it.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO notifications_eventcounter AS counter (user_id, last) VALUES (%s, 1)"
            " ON CONFLICT (user_id) DO UPDATE SET last = counter.last + 1 RETURNING last",
            [user_id],
        )
        (last,) = cursor.fetchone()
    return int(last)


def _wake(message: str) -> None:
    try:
        _valkey(settings.REDIS_URL).publish(CHANNEL, message)
    except RedisError as error:
        _log.warning("streams are not woken, Valkey does not answer: %s", error)


@cache
def _valkey(url: str) -> Redis:
    # One quick retry replaces a connection that died with the server; an outage holds nobody up.
    retry = Retry(NoBackoff(), 1)
    return Redis.from_url(url, socket_timeout=2, socket_connect_timeout=2, retry=retry)
