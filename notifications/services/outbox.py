"""The outbox: an event's deliveries are written with the event, and sent after the commit."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from celery import current_app
from django.db import connection, transaction
from kombu.exceptions import OperationalError

from notifications.models import Delivery, Webhook
from notifications.policy import TEST_EVENT

DELIVER = "notifications.deliver"
WAKE_SECONDS = 10  # a call that nobody took by then is stale: the beat calls as often
_log = logging.getLogger(__name__)


def add_deliveries(user_id: UUID, type: str, data: Mapping[str, Any], *, at: datetime) -> None:  # noqa: A002
    """Put an event on its way to each of the user's webhooks that asked for it, in one statement.

    Call it in the transaction that makes the event. A user without webhooks costs one look into an
    index.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO notifications_delivery"
            " (id, webhook_id, type, data, state, tries, next_try_at, error, created_at)"
            " SELECT gen_random_uuid(), id, %(type)s, %(data)s::jsonb, 'pending', 0, now(), '',"
            " %(at)s FROM notifications_webhook"
            " WHERE user_id = %(user)s AND is_enabled AND %(type)s = ANY(events)"
            " FOR KEY SHARE",  # it cannot be deleted before the commit, which would then fail
            {"user": user_id, "type": type, "data": json.dumps(dict(data)), "at": at},
        )
        if cursor.rowcount:
            transaction.on_commit(_call_sender)


def add_test(webhook: Webhook, *, at: datetime) -> Delivery:
    """Put a test event on its way to one webhook, and return the delivery."""
    with transaction.atomic():
        delivery = Delivery.objects.create(
            webhook=webhook,
            type=TEST_EVENT,
            data={"webhook": str(webhook.pk)},
            next_try_at=at,
            created_at=at,
        )
        transaction.on_commit(_call_sender)
    return delivery


def _call_sender() -> None:
    """Have a worker look at what is due. Losing the call is harmless: the beat calls too."""
    try:
        current_app.send_task(DELIVER, expires=WAKE_SECONDS, retry=False)
    except (OperationalError, OSError) as error:
        _log.warning("no webhook is sent at once, the broker does not answer: %s", error)
