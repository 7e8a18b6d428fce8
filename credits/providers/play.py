"""Google Play: what the billing library hands to the app, and real-time developer notifications.

A purchase (`INAPP_PURCHASE_DATA`) is signed with the app's licence key. Notices come as pushes
of Cloud Pub/Sub, proved by Google's bearer token. Neither tells when a subscription ends: that has
to be asked of the Play Developer API, which nothing here does, so subscriptions bought in Play are
refused (`receipt_not_supported`), and only the end of one is passed on.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from credits.providers.errors import ProviderMisconfigured, ReceiptInvalid
from credits.providers.events import EventKind, PurchaseEvent
from credits.providers.google_push import PushSender
from credits.providers.reading import (
    Fields,
    ensure_bearable,
    ensure_not_from_the_future,
    header,
    read_base64,
    read_object,
    read_user,
)

PURCHASED = 0  # purchaseState; 1: cancelled, 2: refunded, 4: not yet paid
SUBSCRIPTION_REVOKED, SUBSCRIPTION_EXPIRED = 12, 13  # notificationType
VOIDED_SUBSCRIPTION = 1  # productType
VOIDED_IN_PART = 2  # refundType
TOKEN_CHARACTERS_MAX = 4_096
KEY_BITS_MIN = 2_048


class PlayProvider:
    """One app of Google Play."""

    name = "play"

    def __init__(self, *, package_name: str, licence_key: str, sender: PushSender) -> None:
        """Read the key.

        Args:
            package_name: the app's package name.
            licence_key: the app's licence key as the Play Console shows it (base64).
            sender: whose pushes count.

        Raises:
            ProviderMisconfigured: the licence key is none.
        """
        self._package_name = package_name
        self._key = _licence_key(licence_key)
        self._sender = sender

    def read_webhook(
        self, *, headers: Mapping[str, str], body: bytes, now: datetime
    ) -> list[PurchaseEvent]:
        """Return what a push says; an empty list where it means nothing to us.

        Raises:
            ReceiptInvalid: it is not by our subscription's account, not for this app, or not
                readable.
        """
        ensure_bearable(body)
        self._sender.ensure_sent(header(headers, "Authorization"), now=now)
        message = read_object(body).inner("message")
        data = read_base64(message.raw("data").decode(), field="data")
        notice = read_object(data)
        self._ensure_ours(notice)
        occurred_at = _event_time(notice)
        if notice.has("voidedPurchaseNotification"):
            return _voided(notice.inner("voidedPurchaseNotification"), occurred_at)
        if notice.has("subscriptionNotification"):
            return _subscription(notice.inner("subscriptionNotification"), occurred_at)
        return []  # a test, or a purchase whose receipt the app hands over

    def read_receipt(self, *, receipt: str, now: datetime) -> list[PurchaseEvent]:
        """Return what a purchase says: JSON of `data` (`originalJson`) and `signature` (base64).

        Raises:
            ReceiptInvalid: it is not signed with the app's key, not for this app, not paid, a
                subscription, without an `obfuscatedAccountId`, or not readable.
        """
        ensure_bearable(receipt)
        parts = read_object(receipt)
        data = parts.raw("data")
        signature = read_base64(parts.raw("signature").decode(), field="signature")
        self._ensure_signed(data, signature)
        purchase = read_object(data)
        self._ensure_ours(purchase)
        if purchase.flag("autoRenewing"):
            raise ReceiptInvalid(
                "receipt_not_supported", "Subscriptions bought in Google Play do not count here."
            )
        if purchase.whole("purchaseState") != PURCHASED:
            raise ReceiptInvalid("not_paid", "It is not paid, or not any more.")
        occurred_at = purchase.milliseconds("purchaseTime")
        ensure_not_from_the_future(occurred_at, now=now)
        about = (
            read_user(purchase.text_or_empty("obfuscatedAccountId")),
            purchase.text("productId"),
            purchase.quantity("quantity"),
        )
        return [_event("purchased", purchase.text("orderId"), about, occurred_at=occurred_at)]

    def _ensure_signed(self, data: bytes, signature: bytes) -> None:
        try:
            # The scheme is Google's to choose.
            self._key.verify(signature, data, padding.PKCS1v15(), hashes.SHA1())  # noqa: S303
        except InvalidSignature:
            raise ReceiptInvalid("signature_invalid", "It is not signed for this app.") from None

    def _ensure_ours(self, found: Fields) -> None:
        if found.text("packageName") != self._package_name:
            raise ReceiptInvalid("wrong_app", "It is for another app.")


def _licence_key(text: str) -> rsa.RSAPublicKey:
    try:
        key = serialization.load_der_public_key(base64.b64decode(text, validate=True))
    except ValueError as fault:
        raise ProviderMisconfigured("PLAY_LICENCE_KEY is no public key in base64.") from fault
    if not isinstance(key, rsa.RSAPublicKey) or key.key_size < KEY_BITS_MIN:
        raise ProviderMisconfigured(f"PLAY_LICENCE_KEY is no RSA key of {KEY_BITS_MIN} bits.")
    return key


def _event_time(notice: Fields) -> datetime:
    """Return when a notice was written; Google writes these milliseconds as a text.

    Raises:
        ReceiptInvalid: it is missing or no time.
    """
    text = notice.text("eventTimeMillis", longest=15)
    return Fields({"eventTimeMillis": int(text) if text.isdecimal() else text}).milliseconds(
        "eventTimeMillis"
    )


def _voided(voided: Fields, occurred_at: datetime) -> list[PurchaseEvent]:
    """Read an order that was given back; of part of one (by quantity) no notice says how much."""
    events = []
    if not voided.has("refundType") or voided.whole("refundType") != VOIDED_IN_PART:
        events.append(_event("refunded", voided.text("orderId"), occurred_at=occurred_at))
    if voided.has("productType") and voided.whole("productType") == VOIDED_SUBSCRIPTION:
        events.append(_ended(voided, occurred_at))
    return events


def _subscription(notice: Fields, occurred_at: datetime) -> list[PurchaseEvent]:
    """Read a step of a subscription: without the API only its end is certain."""
    ends = notice.whole("notificationType") in {SUBSCRIPTION_REVOKED, SUBSCRIPTION_EXPIRED}
    return [_ended(notice, occurred_at)] if ends else []


def _ended(found: Fields, occurred_at: datetime) -> PurchaseEvent:
    # A token may be too long for an id, and whoever has it can ask Google about the purchase.
    token = found.text("purchaseToken", longest=TOKEN_CHARACTERS_MAX)
    subscription = hashlib.sha256(token.encode()).hexdigest()
    return _event("subscription_ended", subscription, occurred_at=occurred_at)


def _event(
    kind: EventKind,
    transaction_id: str,
    about: tuple[UUID | None, str, int] = (None, "", 1),
    *,
    occurred_at: datetime,
) -> PurchaseEvent:
    """Make an event of a transaction and of what it is `about` (user, product, quantity)."""
    user_id, product_id, quantity = about
    return PurchaseEvent(
        provider=PlayProvider.name,
        kind=kind,
        transaction_id=transaction_id,
        original_id=transaction_id,
        user_id=user_id,
        product_id=product_id,
        quantity=quantity,
        expires_at=None,
        occurred_at=occurred_at,
    )
