"""Sending what is due: claim rows, send, write down what came of it; as often as it takes."""

from __future__ import annotations

import json
import logging
import threading
import time
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import timedelta
from uuid import UUID

from cryptography.fernet import InvalidToken
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from notifications.models import Delivery, Webhook
from notifications.policy import DISABLED_EVENT, FAILING_MAX, wait_after
from notifications.sending import TRY_SECONDS, Outcome, send
from notifications.services.publishing import publish
from notifications.services.webhooks import drop_deliveries, signature

LEASE = timedelta(seconds=6 * TRY_SECONDS)
SENDING_MAX = 16  # at a time in one process, each to another webhook
LOOK_SECONDS = 1.0  # for what became due while others are being sent
TURN_SECONDS = 30.0  # then the next call goes on, and a worker that is to stop can
_log = logging.getLogger(__name__)
_called, _turn = threading.Event(), threading.Lock()


def deliver_due() -> None:
    """Send every delivery that is due, each at least once; harmless at any time and anywhere.

    In each process one call sends and holds one thread of its worker. A call that finds it at work
    makes it look again, and returns.
    """
    _called.set()
    while _called.is_set() and _turn.acquire(blocking=False):
        try:
            _called.clear()
            send_due()
        finally:
            _turn.release()


def send_due() -> None:
    """Send what is due until nothing is, or for 30 s; several at a time, and none waits for all."""
    ends_at = time.monotonic() + TURN_SECONDS
    sending: dict[Future[Outcome], Delivery] = {}
    with ThreadPoolExecutor(SENDING_MAX, thread_name_prefix="webhooks") as pool:
        while True:
            if time.monotonic() < ends_at:
                for delivery in claim(at_most=SENDING_MAX - len(sending)):
                    sending[pool.submit(_send, delivery)] = delivery
            if not sending:
                return
            done, _ = wait(sending, timeout=LOOK_SECONDS, return_when=FIRST_COMPLETED)
            for each in done:
                record(sending.pop(each), each.result())


def claim(*, at_most: int) -> list[Delivery]:
    """Lease due deliveries, the oldest of each webhook, and return them with their webhooks.

    A webhook with a delivery on the line gets its next one afterwards: a slow receiver holds up
    itself alone. Of two who claim at once each gets others.
    """
    if at_most < 1:
        return []
    on_the_line = Delivery.objects.filter(
        webhook=OuterRef("webhook"), state=Delivery.State.PENDING, leased_until__gte=Now()
    )
    oldest = (
        _due()
        .filter(~Exists(on_the_line))
        .order_by("webhook", "next_try_at")
        .distinct("webhook")
        .values("pk")
    )
    with transaction.atomic():
        # What makes it due is asked of the locked row again: another may have claimed it meanwhile.
        claimed = list(
            _due()
            .filter(pk__in=oldest)
            .select_related("webhook")
            .select_for_update(skip_locked=True, of=("self",))
            .order_by("next_try_at")[:at_most]
        )
        Delivery.objects.filter(pk__in=[each.pk for each in claimed]).update(
            tries=F("tries") + 1, leased_until=Now() + LEASE, tried_at=Now()
        )
    for each in claimed:
        each.tries += 1
    return claimed


def record(delivery: Delivery, outcome: Outcome) -> None:
    """Write down what came of a try; nothing when the lease ran out and another took it over."""
    wait_for = None if outcome.is_gone else wait_after(delivery.tries)
    state = Delivery.State.PENDING if wait_for else Delivery.State.FAILED
    if outcome.is_delivered:
        state, wait_for = Delivery.State.DELIVERED, None
    webhook = Webhook.objects.filter(pk=delivery.webhook_id)
    with transaction.atomic():
        # First the webhook and then its delivery, as everybody does who holds both.
        if not webhook.select_for_update(no_key=True).exists():
            return
        written = Delivery.objects.filter(
            pk=delivery.pk, tries=delivery.tries, state=Delivery.State.PENDING
        ).update(
            state=state,
            next_try_at=Now() + wait_for if wait_for else None,
            leased_until=None,
            http_status=outcome.http_status,
            error=outcome.error,
        )
        if not written:
            return
        if outcome.is_delivered:
            webhook.filter(failing_since__isnull=False).update(failing_since=None)
            return
        webhook.filter(failing_since__isnull=True).update(failing_since=Now())
        if outcome.is_gone:
            _disable(delivery.webhook_id, because="gone")
        elif wait_for is None and webhook.filter(failing_since__lte=Now() - FAILING_MAX).exists():
            _disable(delivery.webhook_id, because="failing")


def _disable(webhook_id: UUID, *, because: str) -> None:
    """Send nothing more to a webhook, and tell its owner."""
    enabled = Webhook.objects.filter(pk=webhook_id, is_enabled=True)
    if not enabled.update(is_enabled=False, disabled_because=because):
        return
    drop_deliveries(webhook_id)
    webhook = Webhook.objects.get(pk=webhook_id)
    told = {"webhook": str(webhook.pk), "url": webhook.url, "reason": because}
    publish(webhook.user_id, DISABLED_EVENT, told, durable=True)


def _due() -> QuerySet[Delivery]:
    return Delivery.objects.filter(
        Q(leased_until__isnull=True) | Q(leased_until__lt=Now()),
        state=Delivery.State.PENDING,
        next_try_at__lte=Now(),
        webhook__is_enabled=True,
    )


def _send(delivery: Delivery) -> Outcome:
    """Send one delivery; without a query, so that this thread needs no connection."""
    at = delivery.created_at.isoformat().replace("+00:00", "Z")
    body = json.dumps({"type": delivery.type, "timestamp": at, "data": delivery.data}).encode()
    now = timezone.now()
    notice_id = f"msg_{delivery.pk.hex}"
    try:
        signed = signature(delivery.webhook, notice_id=notice_id, at=now, body=body)
    except InvalidToken:
        _log.warning("webhook %s: its secret was sealed under a key that is gone", delivery.webhook)
        return Outcome(None, "the secret is lost: make a new one")
    return send(
        url=delivery.webhook.url,
        body=body,
        headers={
            "content-type": "application/json",
            "user-agent": "vignette",
            "webhook-id": notice_id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": signed,
        },
    )
