"""Stripe's events: what each means, and whose signature counts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from credits.providers.errors import ProviderMisconfigured, ReceiptInvalid
from credits.providers.events import PurchaseEvent
from credits.providers.stripe import StripeProvider
from tests.credits.providers.stores import NOW, USER, Stripe, recorded

STRIPE = Stripe()
AT = datetime(2026, 3, 1, 11, 55, tzinfo=UTC)
PERIOD_END = datetime(2026, 4, 1, 11, 53, 20, tzinfo=UTC)


def read(payload, *, now=NOW):
    headers, body = STRIPE.notice(payload)
    return STRIPE.provider().read_webhook(headers=headers, body=body, now=now)


def refused(payload):
    with pytest.raises(ReceiptInvalid) as refusal:
        read(payload)
    return refusal.value.code


def changed(name, **fields):
    """Return a recorded event whose object has other fields."""
    event = recorded(f"stripe/{name}")
    event["data"]["object"] |= fields
    return event


def event(kind, ids, *, user=USER, product="", quantity=1, expires_at=None):
    return PurchaseEvent(
        provider="stripe",
        kind=kind,
        transaction_id=ids[0],
        original_id=ids[-1],
        user_id=UUID(user) if user else None,
        product_id=product,
        quantity=quantity,
        expires_at=expires_at,
        occurred_at=AT,
    )


MEANINGS = {
    "checkout_payment": event("purchased", ["pi_3T6a1"], product="credits_100", quantity=2),
    "checkout_subscription": event("subscribed", ["in_1T6a", "sub_1T6a"], product="plan_plus"),
    "invoice_paid": event(
        "subscribed", ["in_1T6a", "sub_1T6a"], product="plan_plus", expires_at=PERIOD_END
    ),
    "invoice_paid_2023": event(
        "subscribed", ["in_1Old", "sub_1Old"], product="price_1Plus", expires_at=PERIOD_END
    ),
    "subscription_deleted": event("subscription_ended", ["sub_1T6a"], product="price_1Plus"),
    "charge_refunded": event("refunded", ["pi_3T6a1"], user=None),
    "dispute_closed": event("refunded", ["pi_3T6a1"], user=None),
}


@pytest.mark.parametrize("name", MEANINGS)
def test_a_recorded_event_means_one_thing_however_often_it_comes(name):
    assert read(recorded(f"stripe/{name}")) == [MEANINGS[name]]
    assert read(recorded(f"stripe/{name}")) == [MEANINGS[name]]


def test_a_payment_that_takes_days_counts_when_it_arrives():
    late = changed("checkout_payment", payment_status="unpaid")
    assert read(late) == []
    arrived = recorded("stripe/checkout_payment") | {
        "type": "checkout.session.async_payment_succeeded"
    }
    assert read(arrived) == [MEANINGS["checkout_payment"]]


@pytest.mark.parametrize(
    "payload",
    [
        changed("checkout_payment", metadata={}),  # something else that the same account sells
        changed("checkout_payment", mode="setup"),
        changed("checkout_payment", payment_status="no_payment_required"),
        changed("invoice_paid", parent=None),  # an invoice of no subscription
        changed("invoice_paid", billing_reason="subscription_update"),  # a plan changed meanwhile
        changed("charge_refunded", refunded=False),  # in part
        changed("dispute_closed", status="won"),
        recorded("stripe/checkout_payment") | {"type": "customer.created"},
    ],
)
def test_what_means_nothing_to_us_is_accepted_and_empty(payload):
    assert read(payload) == []


def test_the_user_may_be_in_the_metadata():
    metadata = {"product": "credits_100", "user_id": USER}
    found = read(changed("checkout_payment", client_reference_id=None, metadata=metadata))
    assert [(each.user_id, each.quantity) for each in found] == [(UUID(USER), 1)]


def test_an_older_refund_names_the_period_too():
    found = read(changed("charge_refunded", invoice="in_1Old"))
    assert [each.transaction_id for each in found] == ["pi_3T6a1", "in_1Old"]


def test_a_period_ends_with_its_latest_line_and_prorations_are_none():
    event = recorded("stripe/invoice_paid")
    [line] = event["data"]["object"]["lines"]["data"]
    later = line | {"period": {"start": 1, "end": 1_999_999_999}}
    details = {"subscription_item_details": {"proration": True}}
    event["data"]["object"]["lines"]["data"] = [later | {"parent": details}, line]
    assert [each.expires_at for each in read(event)] == [PERIOD_END]


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        (changed("checkout_payment", client_reference_id="ada"), "user_missing"),
        (changed("checkout_payment", client_reference_id=None), "user_missing"),
        (changed("checkout_payment", payment_intent=None), "missing_field"),
        (changed("checkout_payment", payment_intent="x" * 256), "malformed"),
        (changed("checkout_payment", payment_intent="pi\u0000"), "malformed"),
        (changed("checkout_payment", metadata="credits_100"), "malformed"),
        (
            changed("checkout_payment", metadata={"product": "credits_100", "quantity": "-2"}),
            "malformed",
        ),
        (
            changed("checkout_payment", metadata={"product": "credits_100", "quantity": "0"}),
            "malformed",
        ),
        (changed("invoice_paid", lines={"data": []}), "missing_field"),
        (changed("invoice_paid", lines={"data": ["line"]}), "malformed"),
        (recorded("stripe/checkout_payment") | {"created": True}, "malformed"),
        (recorded("stripe/checkout_payment") | {"created": 10**14}, "malformed"),
        (recorded("stripe/checkout_payment") | {"created": None}, "missing_field"),
        (b"not JSON", "malformed"),
        (b"[]", "malformed"),
        (b"[" * 100_000, "malformed"),
        (b'{"type": "invoice.paid", "created": ' + b"1" * 5_000 + b"}", "malformed"),
        (b"{" + b" " * 262_144 + b"}", "body_too_large"),
    ],
)
def test_a_signed_event_that_is_not_as_it_should_be_is_refused(payload, code):
    assert refused(payload) == code


BODY = b'{"type": "customer.created", "created": 1772366100}'
RIGHT = STRIPE.signature(BODY)
T = int(NOW.timestamp())


@pytest.mark.parametrize(
    "header",
    [
        f"t={T},v1={RIGHT}",
        f"t={T},v1={'0' * 64},v1={RIGHT}",  # while a secret is rolled there are two
        f"v1={RIGHT}, t={T}",
    ],
)
def test_one_right_signature_is_enough(header):
    found = STRIPE.provider().read_webhook(headers={"STRIPE-SIGNATURE": header}, body=BODY, now=NOW)
    assert found == []


@pytest.mark.parametrize(
    "header",
    [
        "",
        f"t={T}",
        f"v1={RIGHT}",
        f"t={T},v1=",
        f"t={T},v0={RIGHT}",
        f"t={T + 1},v1={RIGHT}",
        f"t=²,v1={RIGHT}",
        f"t={'9' * 5000},v1={RIGHT}",
        f"t={T},v1={RIGHT.upper()}",
        f"t={T},v1=é\udc80",
        f"t={T},v1={Stripe(secret='whsec_of_somebody_else').signature(BODY)}",
        f"t={T}," + ",".join([f"v1={'0' * 64}"] * 8) + f",v1={RIGHT}",  # no end of guesses
    ],
)
def test_any_other_signature_is_refused(header):
    with pytest.raises(ReceiptInvalid) as refusal:
        STRIPE.provider().read_webhook(headers={"stripe-signature": header}, body=BODY, now=NOW)
    assert refusal.value.code == "signature_invalid"


def test_a_changed_byte_is_refused():
    headers, body = STRIPE.notice(recorded("stripe/checkout_payment"))
    with pytest.raises(ReceiptInvalid) as refusal:
        STRIPE.provider().read_webhook(
            headers=headers, body=body.replace(b"credits_100", b"credits_900"), now=NOW
        )
    assert refusal.value.code == "signature_invalid"


@pytest.mark.parametrize("seconds", [-301, 301])
def test_a_signature_is_good_for_five_minutes(seconds):
    payload = recorded("stripe/checkout_payment")
    assert read(payload, now=NOW + timedelta(seconds=seconds - seconds // abs(seconds)))
    with pytest.raises(ReceiptInvalid) as refusal:
        read(payload, now=NOW + timedelta(seconds=seconds))
    assert refusal.value.code == "signature_old"


def test_there_are_no_receipts():
    with pytest.raises(ReceiptInvalid) as refusal:
        STRIPE.provider().read_receipt(receipt="{}", now=NOW)
    assert refusal.value.code == "receipt_not_supported"


def test_a_secret_that_is_none_does_not_start():
    with pytest.raises(ProviderMisconfigured):
        StripeProvider(webhook_secret="whsec_")
