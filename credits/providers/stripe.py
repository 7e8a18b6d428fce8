"""Stripe: signed webhook events into purchases.

The signature is checked by a few lines of our own: an HMAC whose scheme (`v1`) has been the same
since 2017. The `stripe` package would bring 1,651 modules (13 MB) and a new release every few
weeks for that one function; whoever wants to call Stripe's API from here should take it then.

The events' shapes are those of the API's versions from 2023-08 on: where newer versions moved a
field, both places are read.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from uuid import UUID

from credits.providers.errors import ProviderMisconfigured, ReceiptInvalid
from credits.providers.events import EventKind, PurchaseEvent
from credits.providers.reading import (
    Fields,
    ensure_bearable,
    header,
    missing,
    read_object,
    read_user,
    user_or_none,
)

TOLERANCE_SECONDS = 300  # as Stripe's own libraries
SIGNATURES_MAX = 8  # one for each secret that is alive while it is rolled
SECRET_CHARACTERS_MIN = 16

# The invoices that pay for a whole period. A change of plan within one makes invoices of a few
# cents too: if those counted as periods, changing to and fro would be paid with credits.
PERIOD_REASONS = {"subscription_create", "subscription_cycle"}


class StripeProvider:
    """Stripe, as far as the secret of one webhook endpoint goes. Knows no API key, asks nothing."""

    name = "stripe"

    def __init__(self, *, webhook_secret: str) -> None:
        """Keep the endpoint's signing secret (`whsec_…`).

        Raises:
            ProviderMisconfigured: it is too short to be one.
        """
        if len(webhook_secret) < SECRET_CHARACTERS_MIN:
            raise ProviderMisconfigured("STRIPE_WEBHOOK_SECRET is too short to be a secret.")
        self._secret = webhook_secret.encode()

    def read_webhook(
        self, *, headers: Mapping[str, str], body: bytes, now: datetime
    ) -> list[PurchaseEvent]:
        """Return what an event says; an empty list for events that mean nothing to us.

        Raises:
            ReceiptInvalid: it is not signed with our secret, older than 300 s, or not readable.
        """
        ensure_bearable(body)
        self._ensure_signed(header(headers, "Stripe-Signature"), body=body, now=now)
        event = read_object(body)
        kind = event.text("type")
        if kind not in _READERS:
            return []
        return _READERS[kind](event.inner("data").inner("object"), event.seconds("created"))

    def read_receipt(self, *, receipt: str, now: datetime) -> list[PurchaseEvent]:
        """Refuse: a client of Stripe gets no receipt, the webhook tells all.

        Raises:
            ReceiptInvalid: `receipt_not_supported`, always.
        """
        raise ReceiptInvalid(
            "receipt_not_supported", "Stripe tells of payments itself; there is nothing to send."
        )

    def _ensure_signed(self, signature: str, *, body: bytes, now: datetime) -> None:
        pairs = [part.strip().partition("=") for part in signature.split(",")]
        signed_at = next((value for key, _, value in pairs if key == "t"), "")
        given = [value for key, _, value in pairs if key == "v1"][:SIGNATURES_MAX]
        if not re.fullmatch(r"[0-9]{1,12}", signed_at) or not given:
            raise ReceiptInvalid("signature_invalid", "There is no readable Stripe-Signature.")
        text = signed_at.encode() + b"." + body
        right = hmac.new(self._secret, text, hashlib.sha256).hexdigest().encode()
        # All are compared, each in constant time, so that time does not tell which one fits.
        fits = [hmac.compare_digest(right, each.encode("utf-8", "replace")) for each in given]
        if not any(fits):
            raise ReceiptInvalid("signature_invalid", "The signature is not by our secret.")
        if abs(now.timestamp() - int(signed_at)) > TOLERANCE_SECONDS:
            raise ReceiptInvalid(
                "signature_old", f"It was signed over {TOLERANCE_SECONDS} s away from now."
            )


def _checkout(session: Fields, occurred_at: datetime) -> list[PurchaseEvent]:
    """Read a finished checkout; one without `metadata.product` sold something that is not ours."""
    metadata = session.inner("metadata")
    product = metadata.text_or_empty("product")
    mode = session.text("mode")
    paid = session.text("payment_status") == "paid"  # else: paid later, or for nothing
    if not product or not paid or mode not in {"payment", "subscription"}:
        return []
    user_id = read_user(
        session.text_or_empty("client_reference_id") or metadata.text_or_empty("user_id")
    )
    if mode == "subscription":
        # Its end is on the first invoice, whose own event comes under the same id.
        return [
            _event(
                "subscribed",
                (session.text("invoice"), session.text("subscription")),
                (user_id, product, 1),
                occurred_at=occurred_at,
            )
        ]
    payment = session.text("payment_intent")
    quantity = _quantity(metadata)
    return [
        _event(
            "purchased", (payment, payment), (user_id, product, quantity), occurred_at=occurred_at
        )
    ]


def _invoice_paid(invoice: Fields, occurred_at: datetime) -> list[PurchaseEvent]:
    """Read a paid invoice of a subscription: its period runs until the end of its latest line.

    Raises:
        ReceiptInvalid: a field is missing or not as it should be.
    """
    details = invoice.inner("parent").inner("subscription_details")
    subscription = details.text_or_empty("subscription") or invoice.text_or_empty("subscription")
    if not subscription or invoice.text_or_empty("billing_reason") not in PERIOD_REASONS:
        return []
    metadata = details.inner("metadata") if details.has("metadata") else _older_metadata(invoice)
    lines = [line for line in invoice.inner("lines").rows("data") if not _is_proration(line)]
    if not lines:
        raise ReceiptInvalid(*missing("lines"))
    last = max(lines, key=lambda line: line.inner("period").seconds("end"))
    return [
        _event(
            "subscribed",
            (invoice.text("id"), subscription),
            (_user(metadata), metadata.text_or_empty("product") or _price(last), 1),
            expires_at=last.inner("period").seconds("end"),
            occurred_at=occurred_at,
        )
    ]


def _subscription_deleted(subscription: Fields, occurred_at: datetime) -> list[PurchaseEvent]:
    metadata = subscription.inner("metadata")
    items = subscription.inner("items").rows("data")
    price = _price(items[0]) if items else ""
    return [
        _event(
            "subscription_ended",
            (subscription.text("id"), subscription.text("id")),
            (_user(metadata), metadata.text_or_empty("product") or price, 1),
            occurred_at=occurred_at,
        )
    ]


def _charge_refunded(charge: Fields, occurred_at: datetime) -> list[PurchaseEvent]:
    """Read a charge that was given back in full; part of one takes nothing back here."""
    return _money_back(charge, occurred_at) if charge.flag("refunded") else []


def _dispute_closed(dispute: Fields, occurred_at: datetime) -> list[PurchaseEvent]:
    """Read a dispute that the bank decided for the buyer: the money is gone as by a refund."""
    return _money_back(dispute, occurred_at) if dispute.text("status") == "lost" else []


def _money_back(found: Fields, occurred_at: datetime) -> list[PurchaseEvent]:
    # Older versions name the invoice too. A period goes by its invoice, a pack by its payment;
    # which of the two this is does not show, and a refund of what was never sold does no harm.
    ids = [found.text_or_empty("payment_intent"), found.text_or_empty("invoice")]
    metadata = found.inner("metadata")
    about = (_user(metadata), metadata.text_or_empty("product"), 1)
    return [
        _event("refunded", (each, each), about, occurred_at=occurred_at) for each in ids if each
    ]


_READERS: dict[str, Callable[[Fields, datetime], list[PurchaseEvent]]] = {
    "checkout.session.completed": _checkout,
    "checkout.session.async_payment_succeeded": _checkout,
    "invoice.paid": _invoice_paid,
    "customer.subscription.deleted": _subscription_deleted,
    # Not refund.created: it comes beside this one and does not tell whether all was given back.
    "charge.refunded": _charge_refunded,
    "charge.dispute.closed": _dispute_closed,
}


def _event(
    kind: EventKind,
    ids: tuple[str, str],
    about: tuple[UUID | None, str, int],
    *,
    occurred_at: datetime,
    expires_at: datetime | None = None,
) -> PurchaseEvent:
    """Make an event of `ids` (transaction, original) and `about` (user, product, quantity)."""
    transaction_id, original_id = ids
    user_id, product_id, quantity = about
    return PurchaseEvent(
        provider=StripeProvider.name,
        kind=kind,
        transaction_id=transaction_id,
        original_id=original_id,
        user_id=user_id,
        product_id=product_id,
        quantity=quantity,
        expires_at=expires_at,
        occurred_at=occurred_at,
    )


def _user(metadata: Fields) -> UUID | None:
    return user_or_none(metadata.text_or_empty("user_id"))


def _quantity(metadata: Fields) -> int:
    """Return `metadata.quantity`, 1 where it is missing; metadata are texts, even of numbers.

    Raises:
        ReceiptInvalid: it is no number from 1 to 1000.
    """
    text = metadata.text_or_empty("quantity")
    if text and not re.fullmatch(r"[0-9]{1,4}", text):
        raise ReceiptInvalid("malformed", "metadata.quantity is no number.")
    return Fields({"quantity": int(text)} if text else {}).quantity("quantity")


def _older_metadata(invoice: Fields) -> Fields:
    return invoice.inner("subscription_details").inner("metadata")


def _is_proration(line: Fields) -> bool:
    return line.flag("proration") or line.inner("parent").inner("subscription_item_details").flag(
        "proration"
    )


def _price(line: Fields) -> str:
    """Return the price's id of an invoice's line or a subscription's item, "" where it has none."""
    newer = line.inner("pricing").inner("price_details").text_or_empty("price")
    return newer or line.inner("price").text_or_empty("id")
