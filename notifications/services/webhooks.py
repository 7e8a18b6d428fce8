"""A user's own webhooks: where their events go, and what they are signed with."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from core.errors import InvalidField, NotFound
from core.locks import hold
from core.sealing import cipher
from engine.standard_webhooks import secret_text, sign
from notifications.errors import TooManyWebhooks, WebhookDisabled
from notifications.models import Delivery, Webhook
from notifications.policy import GENERATION_EVENTS, fault_of_url
from notifications.services.outbox import add_test

WEBHOOKS_PER_USER = 5
SECRET_BYTES = 32
OLD_SECRET_HOURS = 24
DROPPED = "the webhook was disabled"


def create_webhook(
    *, by: UUID, url: str, events: Sequence[str] = GENERATION_EVENTS
) -> tuple[Webhook, str]:
    """Make a webhook and return it with its secret, which is told this once.

    Args:
        by: whose events it is told.
        url: where they go.
        events: types out of `WEBHOOK_EVENTS`.

    Raises:
        InvalidField: the URL cannot be one of a webhook.
        TooManyWebhooks: the user has as many as one may.
    """
    _check(url)
    secret = secrets.token_bytes(SECRET_BYTES)
    with transaction.atomic():
        _take_turns(by)
        if Webhook.objects.filter(user_id=by).count() >= WEBHOOKS_PER_USER:
            raise TooManyWebhooks(limit=WEBHOOKS_PER_USER)
        webhook = Webhook.objects.create(
            user_id=by, url=url, events=_sorted(events), secret=_seal(secret)
        )
    return webhook, secret_text(secret)


def change_webhook(
    *,
    webhook_id: UUID,
    by: UUID,
    url: str | None = None,
    events: Sequence[str] | None = None,
    enabled: bool | None = None,
) -> Webhook:
    """Set what is given of the user's webhook and return it; None leaves it as it is.

    Disabling drops what is on its way. Enabling forgets what had failed before.

    Raises:
        InvalidField: the URL cannot be one of a webhook.
        NotFound: the user has no such webhook.
    """
    changes: dict[str, Any] = {}
    if url is not None:
        _check(url)
        changes["url"] = url
    if events is not None:
        changes["events"] = _sorted(events)
    if enabled is not None:
        changes |= {"is_enabled": enabled, "disabled_because": "", "failing_since": None}
    with transaction.atomic():
        webhook = _locked(webhook_id, by)
        for name, value in changes.items():
            setattr(webhook, name, value)
        if changes:
            webhook.save(update_fields=[*changes])
        if enabled is False:
            drop_deliveries(webhook_id)
    return webhook


def delete_webhook(*, webhook_id: UUID, by: UUID) -> None:
    """Forget the user's webhook and all its deliveries.

    Raises:
        NotFound: the user has no such webhook.
    """
    with transaction.atomic():
        # Waits for events that are on their way to it, and keeps further ones out.
        mine = Webhook.objects.select_for_update().filter(pk=webhook_id, user_id=by)
        if not mine.exists():
            raise NotFound("There is no such webhook of yours.")
        Webhook.objects.filter(pk=webhook_id).delete()


def rotate_secret(*, webhook_id: UUID, by: UUID) -> tuple[Webhook, str]:
    """Give the user's webhook a new secret and return both; the old one signs along for 24 hours.

    Of several rotations within 24 hours only the last old secret signs along.

    Raises:
        NotFound: the user has no such webhook.
    """
    secret = secrets.token_bytes(SECRET_BYTES)
    with transaction.atomic():
        webhook = _locked(webhook_id, by)
        webhook.old_secret, webhook.secret = webhook.secret, _seal(secret)
        webhook.old_secret_until = timezone.now() + timedelta(hours=OLD_SECRET_HOURS)
        webhook.save(update_fields=["old_secret", "secret", "old_secret_until"])
    return webhook, secret_text(secret)


def send_test(*, webhook_id: UUID, by: UUID) -> Delivery:
    """Send an event of type `webhook.test` to the user's webhook and return its delivery.

    Raises:
        NotFound: the user has no such webhook.
        WebhookDisabled: nothing is sent to it.
    """
    with transaction.atomic():
        webhook = _locked(webhook_id, by)
        if not webhook.is_enabled:
            raise WebhookDisabled
        return add_test(webhook, at=timezone.now())


def drop_deliveries(webhook_id: UUID) -> None:
    """Give up what is on its way to a webhook that was disabled."""
    Delivery.objects.filter(webhook_id=webhook_id, state=Delivery.State.PENDING).update(
        state=Delivery.State.FAILED, next_try_at=None, leased_until=None, error=DROPPED
    )


def signature(webhook: Webhook, *, notice_id: str, at: datetime, body: bytes) -> str:
    """Return `webhook-signature`: by the secret, and by the old one while that is valid too.

    Raises:
        InvalidToken: the secrets were sealed under a SECRET_KEY that is gone.
    """
    sealed = [webhook.secret]
    if webhook.old_secret and webhook.old_secret_until and webhook.old_secret_until > at:
        sealed.append(webhook.old_secret)
    return " ".join(
        sign(_seals().decrypt(bytes(each)), notice_id, int(at.timestamp()), body) for each in sealed
    )


def _seals() -> Any:
    return cipher("webhooks")


def _seal(secret: bytes) -> bytes:
    return bytes(_seals().encrypt(secret))


def _check(url: str) -> None:
    fault = fault_of_url(
        url,
        must_be_https=settings.PRODUCTION,
        may_be_private=settings.WEBHOOKS_TO_PRIVATE_ADDRESSES,
    )
    if fault:
        raise InvalidField(fault, field="url")


def _sorted(events: Sequence[str]) -> list[str]:
    return sorted(set(events))


def _locked(webhook_id: UUID, user_id: UUID) -> Webhook:
    found = (
        Webhook.objects.select_for_update(no_key=True)
        .filter(pk=webhook_id, user_id=user_id)
        .first()
    )
    if found is None:
        raise NotFound("There is no such webhook of yours.")
    return found


def _take_turns(user_id: UUID) -> None:
    """Keep the user's other requests out until the commit: they count in turn."""
    hold(f"notifications.webhooks:{user_id}")
