"""Google Play's purchases and pushes: whose signature counts, and what each means."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from uuid import UUID

import httpx
import jwt
import pytest

from credits.providers.errors import ProviderMisconfigured, ReceiptInvalid
from credits.providers.google_push import PushKeys
from credits.providers.play import PlayProvider
from tests.credits.providers.stores import NOW, USER, Play, public_der, recorded, rsa_key

AT = datetime(2026, 3, 1, 11, 55, tzinfo=UTC)
ORDER = "GPA.3333-1111-2222-44444"
PURCHASE = recorded("play/purchase")
VOIDED = recorded("play/voided")


@pytest.fixture(scope="module")
def store():
    return Play()


@pytest.fixture(scope="module")
def provider(store, tmp_path_factory):
    return store.provider(tmp_path_factory.mktemp("play"))


def refused(provider, receipt):
    with pytest.raises(ReceiptInvalid) as refusal:
        provider.read_receipt(receipt=receipt, now=NOW)
    return refusal.value.code


def push_refused(provider, notice, *, now=NOW):
    headers, body = notice
    with pytest.raises(ReceiptInvalid) as refusal:
        provider.read_webhook(headers=headers, body=body, now=now)
    return refusal.value.code


def pushed(store, provider, payload, *, now=NOW):
    headers, body = store.notice(payload)
    return provider.read_webhook(headers=headers, body=body, now=now)


def test_a_signed_purchase_is_one_fact_however_often_it_comes(store, provider):
    first = provider.read_receipt(receipt=store.receipt(PURCHASE), now=NOW)
    again = provider.read_receipt(
        receipt=store.receipt(json.dumps(PURCHASE, indent=1)), now=NOW + timedelta(days=900)
    )
    assert first == again
    [event] = first
    assert (event.provider, event.kind, event.transaction_id) == ("play", "purchased", ORDER)
    assert (event.original_id, event.user_id) == (ORDER, UUID(USER))
    assert (event.product_id, event.quantity, event.expires_at) == ("credits_100", 2, None)
    assert event.occurred_at == AT


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"packageName": "app.other"}, "wrong_app"),
        ({"packageName": None}, "missing_field"),
        ({"purchaseState": 1}, "not_paid"),
        ({"purchaseState": 4}, "not_paid"),
        ({"purchaseState": None}, "missing_field"),
        ({"purchaseState": False}, "malformed"),
        ({"autoRenewing": True}, "receipt_not_supported"),
        ({"obfuscatedAccountId": None}, "user_missing"),
        ({"obfuscatedAccountId": "ada"}, "user_missing"),
        ({"orderId": ""}, "missing_field"),
        ({"productId": ["credits_100"]}, "malformed"),
        ({"quantity": 0}, "malformed"),
        ({"purchaseTime": "yesterday"}, "malformed"),
        ({"purchaseTime": int(NOW.timestamp() * 1000) + 301_000}, "from_the_future"),
    ],
)
def test_a_signed_purchase_that_does_not_count_is_refused(store, provider, changes, code):
    assert refused(provider, store.receipt(PURCHASE | changes)) == code


def test_only_the_apps_own_key_signs_purchases(store, provider):
    other = Play(key=rsa_key("another"))
    assert refused(provider, other.receipt(PURCHASE)) == "signature_invalid"
    right = json.loads(store.receipt(PURCHASE))
    for changes in [
        {"data": right["data"].replace('"quantity": 2', '"quantity": 9')},
        {"data": right["data"] + " "},
        {"signature": ""},
        {"signature": right["signature"][:-8] + "AAAAAA=="},
    ]:
        assert refused(provider, json.dumps(right | changes)) in {
            "signature_invalid",
            "missing_field",
        }


@pytest.mark.parametrize(
    ("receipt", "code"),
    [
        ("", "malformed"),
        ("{}", "missing_field"),
        ('"data"', "malformed"),
        ('{"data": "{}"}', "missing_field"),
        ('{"data": "{}", "signature": "!"}', "malformed"),
        ('{"data": {}, "signature": "AA=="}', "malformed"),
        ('{"data": "\\ud800", "signature": "AA=="}', "malformed"),
        ('{"data": "{}", "signature": "\\u00e9"}', "malformed"),
        (" " * 65_537, "body_too_large"),
    ],
)
def test_a_receipt_that_is_none_is_refused(provider, receipt, code):
    assert refused(provider, receipt) == code


def test_a_signed_text_that_is_no_purchase_is_refused(store, provider):
    assert refused(provider, store.receipt("[]")) == "malformed"
    assert refused(provider, store.receipt("[" * 20_000)) == "malformed"


def test_what_was_voided_takes_back_the_order(store, provider):
    for _ in range(2):
        [event] = pushed(store, provider, VOIDED)
        assert (event.kind, event.transaction_id, event.user_id) == ("refunded", ORDER, None)
        assert event.occurred_at == AT


def test_the_end_of_a_subscription_goes_by_its_token(store, provider):
    subscription = hashlib.sha256(b"subtoken.AO-J1Oxyz").hexdigest()
    [event] = pushed(store, provider, recorded("play/subscription_expired"))
    assert (event.kind, event.original_id) == ("subscription_ended", subscription)
    voided = VOIDED["voidedPurchaseNotification"]
    both = voided | {"productType": 1, "purchaseToken": "subtoken.AO-J1Oxyz"}
    found = pushed(store, provider, VOIDED | {"voidedPurchaseNotification": both})
    assert [(each.kind, each.transaction_id) for each in found] == [
        ("refunded", ORDER),
        ("subscription_ended", subscription),
    ]


@pytest.mark.parametrize(
    "payload",
    [
        recorded("play/test"),
        recorded("play/purchased_notice"),
        VOIDED
        | {"voidedPurchaseNotification": VOIDED["voidedPurchaseNotification"] | {"refundType": 2}},
        recorded("play/subscription_expired")
        | {"subscriptionNotification": {"notificationType": 2, "purchaseToken": "subtoken"}},
    ],
)
def test_what_means_nothing_to_us_is_accepted_and_empty(store, provider, payload):
    assert pushed(store, provider, payload) == []


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        (VOIDED | {"packageName": "app.other"}, "wrong_app"),
        (VOIDED | {"packageName": None}, "missing_field"),
        (VOIDED | {"eventTimeMillis": "soon"}, "malformed"),
        (VOIDED | {"eventTimeMillis": "9" * 16}, "malformed"),
        (VOIDED | {"eventTimeMillis": "²"}, "malformed"),
        (VOIDED | {"voidedPurchaseNotification": {}}, "missing_field"),
        (VOIDED | {"voidedPurchaseNotification": [1]}, "malformed"),
        (
            VOIDED | {"voidedPurchaseNotification": {"orderId": "GPA.1", "refundType": "1"}},
            "malformed",
        ),
        (b"no JSON", "malformed"),
        (b"\xff\xfe", "malformed"),
    ],
)
def test_a_push_that_is_not_as_it_should_be_is_refused(store, provider, payload, code):
    assert push_refused(provider, store.notice(payload)) == code


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "malformed"),
        (b"{}", "missing_field"),
        (b'{"message": {"data": "!"}}', "malformed"),
        (b'{"message": []}', "malformed"),
        (b" " * 262_145, "body_too_large"),
    ],
)
def test_a_push_that_is_none_is_refused(store, provider, body, code):
    headers, _ = store.notice(VOIDED)
    assert push_refused(provider, (headers, body)) == code


AT_NOW = int(NOW.timestamp())


@pytest.mark.parametrize(
    ("claims", "code"),
    [
        ({"iss": "https://accounts.example"}, "signature_invalid"),
        ({"iss": None}, "missing_field"),
        ({"aud": "https://other.example/play"}, "wrong_app"),
        ({"aud": ["https://vignette.example/play"]}, "malformed"),
        ({"email": "push@other.example"}, "signature_invalid"),
        ({"email": None}, "missing_field"),
        ({"email_verified": False}, "signature_invalid"),
        ({"email_verified": "true"}, "signature_invalid"),
        ({"exp": AT_NOW - 301}, "signature_old"),
        ({"exp": None}, "missing_field"),
        ({"exp": "later"}, "malformed"),
        ({"iat": AT_NOW + 301}, "from_the_future"),
        ({"kid": "k2"}, "key_unknown"),
        ({"kid": ""}, "missing_field"),
        ({"kid": ["k1"]}, "signature_invalid"),
        ({"key": rsa_key("another")}, "signature_invalid"),
    ],
)
def test_a_push_by_anybody_else_is_refused(store, provider, claims, code):
    assert push_refused(provider, store.notice(VOIDED, token=store.token(**claims))) == code


def signed_with_what_all_know(store):
    """Return the token of somebody who takes the public key for a shared secret."""
    head, claims, _ = store.token().split(".")
    head = base64.urlsafe_b64encode(b'{"alg":"HS256","kid":"k1"}').rstrip(b"=").decode()
    text = f"{head}.{claims}"
    made = hmac.digest(public_der(store.push_key), text.encode(), "sha256")
    return f"{text}.{base64.urlsafe_b64encode(made).rstrip(b'=').decode()}"


def test_unsigned_and_otherwise_signed_pushes_are_refused(store, provider):
    for token in [
        signed_with_what_all_know(store),
        jwt.encode({}, None, algorithm="none", headers={"kid": "k1"}),
        store.token() + "AAAA",
        "a.b.c",
        "é.é.é",
    ]:
        assert push_refused(provider, store.notice(VOIDED, token=token)) == "signature_invalid"
    _, body = store.notice(VOIDED)
    for headers in ({}, {"authorization": ""}, {"authorization": "Basic eA=="}):
        assert push_refused(provider, (headers, body)) == "signature_invalid"


def keys_of_an_address(answers):
    """Return keys behind an address that answers so, and the list that grows as it is asked."""
    asked = []

    def answer(request):
        asked.append(str(request.url))
        return answers[min(len(asked), len(answers)) - 1]

    transport = httpx.MockTransport(answer)
    return PushKeys("https://keys.example/certs", transport=transport), asked


def test_the_keys_of_an_address_are_fetched_once_an_hour(store, tmp_path):
    keys, asked = keys_of_an_address([httpx.Response(200, json=store.key_set())])
    provider = store.provider(tmp_path, keys=keys)
    assert asked == []
    for minutes in (0, 1, 59):
        now = NOW + timedelta(minutes=minutes)
        assert pushed(store, provider, VOIDED, now=now)
    # A key that nobody has does not bring the address a request each.
    assert push_refused(provider, store.notice(VOIDED, token=store.token(kid="k2"))) == (
        "key_unknown"
    )
    assert asked == ["https://keys.example/certs"]
    assert pushed(store, provider, VOIDED, now=NOW + timedelta(minutes=61))
    assert len(asked) == 2


def test_keys_stay_good_while_their_address_fails(store, tmp_path):
    good = httpx.Response(200, json=store.key_set())
    keys, asked = keys_of_an_address([httpx.Response(503), good, httpx.Response(200, text="{}")])
    provider = store.provider(tmp_path, keys=keys)
    for seconds in (0, 59):
        now = NOW + timedelta(seconds=seconds)
        assert push_refused(provider, store.notice(VOIDED), now=now) == "keys_unavailable"
    assert len(asked) == 1
    assert pushed(store, provider, VOIDED, now=NOW + timedelta(seconds=61))
    late = NOW + timedelta(minutes=62)
    assert pushed(store, provider, VOIDED, now=late)
    assert len(asked) == 3


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"keys": []}', '{"keys": [{"kty": "oct"}]}'])
def test_a_file_without_keys_does_not_start(tmp_path, content):
    file = tmp_path / "keys.json"
    file.write_text(content)
    with pytest.raises(ProviderMisconfigured, match="PLAY_JWKS"):
        PushKeys(str(file))


@pytest.mark.parametrize("source", ["nothing.json", "http://keys.example/certs"])
def test_a_source_that_is_neither_file_nor_https_does_not_start(source):
    with pytest.raises(ProviderMisconfigured, match="PLAY_JWKS"):
        PushKeys(source)


WEAK_KEY = (  # of 1024 bits
    "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQClXAzTGjV3VEbgPpdQJ0/6bfY/BZYdX9Y85MkwtKMl"
    "sM0ySPJVxQAZZokzWq/GCPjicra+pI0+wGHZFTb3t02hhEoIXSzX0P9O7mhe0EqsPKFZG6RgYij9Kdza"
    "VgA/DJYbUoBkqmOevSB0D6O7Ga1X7hIa2Y7rCRJpAbdRg4r6cwIDAQAB"
)


@pytest.mark.parametrize("key", ["", "no base64", "AAAA", WEAK_KEY])
def test_a_licence_key_that_is_none_does_not_start(key):
    with pytest.raises(ProviderMisconfigured, match="PLAY_LICENCE_KEY"):
        PlayProvider(package_name="app", licence_key=key, sender=None)
