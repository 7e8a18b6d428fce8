"""Whatever comes, signed or not, ends in whole events or in `ReceiptInvalid`, in nothing else."""

from __future__ import annotations

import copy
import json
from contextlib import suppress
from functools import cache

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from credits.providers.errors import ReceiptInvalid
from credits.providers.events import PurchaseEvent
from tests.credits.providers.stores import (
    NOW,
    RECORDED,
    Play,
    Stripe,
    app_store,
    recorded,
    rsa_key,
)

FUZZ = settings(
    max_examples=40,
    deadline=None,
    derandomize=True,  # a finding that comes and goes helps nobody
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**20), 10**20),
    st.floats(),
    st.text(max_size=12),
    st.sampled_from(["", "\x00", "\ud800", "x" * 300, "NaN", "-1", "Xcode", "²"]),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=4,
)
NAMES = sorted(
    file.relative_to(RECORDED).with_suffix("").as_posix() for file in RECORDED.glob("*/*.json")
)


def places(payload):
    """Return the way to each value of a JSON document."""
    pairs = payload.items() if isinstance(payload, dict) else enumerate(payload)
    found = []
    for key, value in pairs:
        inner = places(value) if isinstance(value, dict | list) else []
        found += [(key,), *((key, *way) for way in inner)]
    return found


@st.composite
def mutations(draw, names):
    """Draw a recorded payload with one to three of its values replaced or taken away."""
    name = draw(st.sampled_from(names))
    payload = copy.deepcopy(recorded(name))
    for _ in range(draw(st.integers(1, 3))):
        *way, last = draw(st.sampled_from(places(payload)))
        around = payload
        for step in way:
            around = around[step]
        if draw(st.booleans()) and isinstance(around, dict):
            del around[last]
        else:
            around[last] = draw(VALUES)
        if not places(payload):
            break
    return name, payload


@pytest.fixture(scope="module")
def play(tmp_path_factory):
    store = Play()
    return store, store.provider(tmp_path_factory.mktemp("play"))


@cache
def storekit():
    return app_store().provider(environments=("Production", "Sandbox"))


def survives(read):
    """Carry out a reading: what it returns is whole, and it refuses in one way only."""
    try:
        events = read()
    except ReceiptInvalid:
        return
    for event in events:
        assert isinstance(event, PurchaseEvent)
        assert 0 < len(event.transaction_id) <= 255
        assert 0 < len(event.original_id) <= 255
        assert (event.transaction_id + event.original_id + event.product_id).isprintable()
        assert 1 <= event.quantity <= 1000
        assert event.occurred_at.tzinfo is not None
        assert event.kind != "purchased" or (event.user_id and event.product_id)


@FUZZ
@given(mutations([name for name in NAMES if name.startswith("stripe/")]))
def test_stripes_signed_events_of_any_shape(drawn):
    headers, body = Stripe().notice(drawn[1])
    survives(lambda: Stripe().provider().read_webhook(headers=headers, body=body, now=NOW))


@FUZZ
@given(mutations([name for name in NAMES if name.startswith("storekit/")]), st.booleans())
def test_the_app_stores_signed_texts_of_any_shape(drawn, is_receipt):
    name, payload = drawn
    store = app_store()
    if name == "storekit/notice":
        headers, body = store.notice(payload)
        survives(lambda: storekit().read_webhook(headers=headers, body=body, now=NOW))
    elif is_receipt:
        receipt = store.signed(payload)
        survives(lambda: storekit().read_receipt(receipt=receipt, now=NOW))
    else:
        notice = recorded("storekit/notice") | {"notificationType": "DID_RENEW"}
        headers, body = store.notice(notice, transaction=payload)
        survives(lambda: storekit().read_webhook(headers=headers, body=body, now=NOW))


@FUZZ
@given(drawn=mutations([name for name in NAMES if name.startswith("play/")]))
def test_plays_signed_texts_of_any_shape(play, drawn):
    name, payload = drawn
    store, provider = play
    if name == "play/purchase":
        receipt = store.receipt(payload)
        survives(lambda: provider.read_receipt(receipt=receipt, now=NOW))
    else:
        headers, body = store.notice(payload, token=push_token())
        survives(lambda: provider.read_webhook(headers=headers, body=body, now=NOW))


@cache
def push_token():
    return Play().token()


@FUZZ
@given(drawn=st.dictionaries(st.sampled_from(["iss", "aud", "email", "exp", "iat", "kid"]), VALUES))
def test_google_tokens_of_any_shape(play, drawn):
    store, provider = play
    headers, body = store.notice(recorded("play/voided"), token=store.token(**drawn))
    survives(lambda: provider.read_webhook(headers=headers, body=body, now=NOW))


@FUZZ
@given(body=st.binary(max_size=200) | VALUES.map(lambda value: json.dumps(value).encode()))
def test_bodies_of_any_bytes_are_refused_everywhere(play, body):
    _, provider = play
    stripe = Stripe()
    signed, _ = stripe.notice(body)
    pushed = {"authorization": f"Bearer {push_token()}"}
    for each, headers in ((stripe.provider(), signed), (storekit(), {}), (provider, pushed)):
        with pytest.raises(ReceiptInvalid):
            each.read_webhook(headers=headers, body=body, now=NOW)
    for each in (stripe.provider(), storekit(), provider):
        with pytest.raises(ReceiptInvalid):
            each.read_receipt(receipt=body.decode("latin-1"), now=NOW)


@FUZZ
@given(header=st.text(max_size=80))
def test_headers_of_any_text_are_refused(play, header):
    _, provider = play
    for each, name in ((Stripe().provider(), "Stripe-Signature"), (provider, "Authorization")):
        for value in (header, f"Bearer {header}", f"t=1,v1={header}"):
            with pytest.raises(ReceiptInvalid):
                each.read_webhook(headers={name: value}, body=b"{}", now=NOW)


@FUZZ
@given(st.data())
def test_a_byte_changed_anywhere_in_what_is_signed_buys_nothing_else(play, data):
    store, provider = play
    receipts = [
        (storekit(), app_store().signed(recorded("storekit/consumable"))),
        (provider, store.receipt(recorded("play/purchase"))),
    ]
    for each, receipt in receipts:
        right = each.read_receipt(receipt=receipt, now=NOW)
        at = data.draw(st.integers(0, len(receipt) - 1))
        other = data.draw(st.characters(min_codepoint=32, max_codepoint=126))
        changed = receipt[:at] + other + receipt[at + 1 :]
        with suppress(ReceiptInvalid):  # Base64 has spare bits: some changes are none
            assert each.read_receipt(receipt=changed, now=NOW) == right


def test_a_key_of_one_store_opens_no_other(play):
    _, provider = play
    stranger = Play(key=rsa_key("google"))
    with pytest.raises(ReceiptInvalid) as refusal:
        provider.read_receipt(receipt=stranger.receipt(recorded("play/purchase")), now=NOW)
    assert refusal.value.code == "signature_invalid"
