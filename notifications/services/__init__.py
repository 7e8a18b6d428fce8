"""Every write to what people are told, here and at the addresses of their own."""

from notifications.services.deliveries import deliver_due
from notifications.services.publishing import CHANNEL, forget_old_events, publish
from notifications.services.webhooks import (
    change_webhook,
    create_webhook,
    delete_webhook,
    rotate_secret,
    send_test,
)

__all__ = [
    "CHANNEL",
    "change_webhook",
    "create_webhook",
    "delete_webhook",
    "deliver_due",
    "forget_old_events",
    "publish",
    "rotate_secret",
    "send_test",
]
