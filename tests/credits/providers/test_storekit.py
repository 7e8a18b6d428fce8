"""The App Store's signed transactions and notices: which chains count, and what each means."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from uuid import UUID

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from credits.providers.errors import ProviderMisconfigured, ReceiptInvalid
from credits.providers.storekit import StoreKitProvider, read_certificates
from tests.credits.providers.stores import (
    INTERMEDIATE_OID,
    LEAF_OID,
    NOW,
    USER,
    app_store,
    recorded,
)

PURCHASED_AT = datetime(2026, 3, 1, 11, 54, 55, tzinfo=UTC)
PERIOD_END = datetime(2026, 4, 1, 11, 53, 20, tzinfo=UTC)
PACK, PLAN, REFUNDED = (
    recorded(f"storekit/{name}") for name in ("consumable", "subscription", "consumable_refunded")
)
PACK_ID, PLAN_ID = "2000000900000001", "2000000900000012"


@pytest.fixture(scope="module")
def store():
    return app_store()


@pytest.fixture(scope="module")
def provider(store):
    return store.provider()


def refused(provider, receipt):
    with pytest.raises(ReceiptInvalid) as refusal:
        provider.read_receipt(receipt=receipt, now=NOW)
    return refusal.value.code


def notice_refused(provider, notice, *, now=NOW):
    headers, body = notice
    with pytest.raises(ReceiptInvalid) as refusal:
        provider.read_webhook(headers=headers, body=body, now=now)
    return refusal.value.code


def noticed(store, provider, transaction, kind, **fields):
    notice = recorded("storekit/notice") | {"notificationType": kind} | fields
    headers, body = store.notice(notice, transaction=transaction)
    return provider.read_webhook(headers=headers, body=body, now=NOW)


def test_a_signed_transaction_is_a_purchase(store, provider):
    [event] = provider.read_receipt(receipt=store.signed(PACK), now=NOW)
    assert (event.provider, event.kind, event.transaction_id) == ("storekit", "purchased", PACK_ID)
    assert (event.original_id, event.user_id) == (PACK_ID, UUID(USER))
    assert (event.product_id, event.quantity, event.expires_at) == ("credits.100", 2, None)
    assert event.occurred_at == PURCHASED_AT


def test_a_signed_subscription_tells_its_end(store, provider):
    [event] = provider.read_receipt(receipt=store.signed(PLAN), now=NOW)
    assert (event.kind, event.transaction_id) == ("subscribed", PLAN_ID)
    assert (event.original_id, event.expires_at) == ("2000000900000010", PERIOD_END)


def test_the_receipt_and_the_notice_of_a_purchase_are_one_fact(store, provider):
    twice = [noticed(store, provider, PACK, "ONE_TIME_CHARGE") for _ in range(2)]
    assert twice == [provider.read_receipt(receipt=store.signed(PACK), now=NOW)] * 2


@pytest.mark.parametrize(
    ("transaction", "kind", "subtype", "meant"),
    [
        (REFUNDED, "REFUND", None, ["refunded"]),
        (PLAN | {"revocationDate": 1}, "REFUND", None, ["refunded", "subscription_ended"]),
        (REFUNDED | {"revocationType": "REFUND_PRORATED"}, "REFUND", None, []),
        (
            PLAN | {"revocationDate": 1, "revocationType": "REFUND_PRORATED"},
            "REFUND",
            None,
            ["subscription_ended"],
        ),
        (REFUNDED, "REVOKE", None, ["refunded"]),
        (PLAN, "SUBSCRIBED", "INITIAL_BUY", ["subscribed"]),
        (PLAN, "DID_RENEW", "BILLING_RECOVERY", ["subscribed"]),
        (PLAN, "RENEWAL_EXTENDED", None, ["subscribed"]),
        (PLAN, "DID_CHANGE_RENEWAL_PREF", "UPGRADE", ["subscribed"]),
        (PLAN, "DID_CHANGE_RENEWAL_PREF", "DOWNGRADE", []),
        (PLAN, "EXPIRED", "VOLUNTARY", ["subscription_ended"]),
        (PLAN, "GRACE_PERIOD_EXPIRED", None, ["subscription_ended"]),
        (PLAN, "DID_FAIL_TO_RENEW", "GRACE_PERIOD", []),
        (PLAN, "A_KIND_OF_NEXT_YEAR", None, []),
        (PLAN | {"inAppOwnershipType": "FAMILY_SHARED"}, "SUBSCRIBED", "INITIAL_BUY", []),
        (PACK, "DID_RENEW", None, []),
    ],
)
def test_what_a_notice_means(store, provider, transaction, kind, subtype, meant):
    found = noticed(store, provider, transaction, kind, subtype=subtype)
    assert [each.kind for each in found] == meant
    assert {each.transaction_id for each in found} <= {transaction["transactionId"]}


def test_a_notice_may_not_say_who(store, provider):
    nameless = {name: value for name, value in PLAN.items() if name != "appAccountToken"}
    [event] = noticed(store, provider, nameless, "DID_RENEW")
    assert (event.user_id, event.original_id) == (None, "2000000900000010")


def test_a_test_notice_is_accepted_and_empty(store, provider):
    assert noticed(store, provider, None, "TEST") == []


def test_a_receipt_of_what_was_refunded_takes_back(store, provider):
    found = provider.read_receipt(receipt=store.signed(REFUNDED), now=NOW)
    assert [(each.kind, each.transaction_id) for each in found] == [("refunded", PACK_ID)]


def test_a_receipt_is_good_after_its_certificates_ended(store):
    brief = app_store(leaf_days=366)
    receipt = brief.signed(PACK)
    [event] = brief.provider().read_receipt(receipt=receipt, now=NOW + timedelta(days=900))
    assert event.transaction_id == PACK_ID


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"appAccountToken": None}, "user_missing"),
        ({"appAccountToken": "ada"}, "user_missing"),
        ({"bundleId": "app.other"}, "wrong_app"),
        ({"environment": "Sandbox"}, "wrong_environment"),
        ({"environment": "Xcode"}, "wrong_environment"),
        ({"environment": "LocalTesting"}, "wrong_environment"),
        ({"environment": None}, "missing_field"),
        ({"inAppOwnershipType": "FAMILY_SHARED"}, "receipt_not_supported"),
        ({"type": "Non-Renewing Subscription"}, "receipt_not_supported"),
        ({"isUpgraded": True}, "not_paid"),
        ({"revocationDate": 1, "revocationType": "REFUND_PRORATED"}, "not_paid"),
        ({"transactionId": None}, "missing_field"),
        ({"productId": ""}, "missing_field"),
        ({"quantity": 0}, "malformed"),
        ({"quantity": 10**9}, "malformed"),
        ({"purchaseDate": {}}, "malformed"),
        ({"signedDate": None}, "missing_field"),
        ({"signedDate": int(NOW.timestamp() * 1000) + 301_000}, "from_the_future"),
        ({"signedDate": 10**30}, "malformed"),
        ({"signedDate": 0}, "signature_invalid"),  # before there was a certificate
    ],
)
def test_a_signed_transaction_that_does_not_count_is_refused(store, provider, changes, code):
    assert refused(provider, store.signed(PACK | changes)) == code


def test_a_leaf_that_had_expired_signs_nothing():
    old = app_store(leaf_days=300)
    assert refused(old.provider(), old.signed(PACK)) == "signature_invalid"


def test_only_our_roots_count(provider):
    other = app_store(leaf_days=401)
    assert refused(provider, other.signed(PACK)) == "signature_invalid"
    assert notice_refused(provider, other.notice(recorded("storekit/notice"))) == (
        "signature_invalid"
    )


@pytest.mark.parametrize(
    "kind",
    [{"leaf_oid": INTERMEDIATE_OID}, {"intermediate_oid": LEAF_OID}],
)
def test_certificates_for_other_purposes_do_not_count(kind):
    store = app_store(**kind)
    assert refused(store.provider(), store.signed(PACK)) == "signature_invalid"


def test_the_chain_must_be_whole_and_its_own(store, provider):
    chain = store.x5c()
    for wrong in ([], chain[:2], [chain[0]] * 3, chain[::-1], ["?"] * 3, [1, 2, 3], "chain", None):
        assert refused(provider, store.signed(PACK, x5c=wrong)) == "signature_invalid"


def test_another_key_than_the_leafs_signs_nothing(store, provider):
    stranger = ec.generate_private_key(ec.SECP256R1())
    forged = jwt.encode(PACK, stranger, algorithm="ES256", headers={"x5c": store.x5c()})
    assert refused(provider, forged) == "signature_invalid"


def test_unsigned_and_otherwise_signed_texts_are_refused(store, provider):
    header = {"x5c": store.x5c()}
    unsigned = jwt.encode(PACK, None, algorithm="none", headers=header)
    assert refused(provider, unsigned) == "signature_invalid"
    shared = jwt.encode(PACK, "k" * 64, algorithm="HS256", headers=header)
    assert refused(provider, shared) == "signature_invalid"


def test_a_changed_byte_is_refused(store, provider):
    head, payload, signature = store.signed(PACK).split(".")
    richer = json.dumps(PACK | {"quantity": 9}).encode()
    swapped = base64.urlsafe_b64encode(richer).rstrip(b"=").decode()
    assert refused(provider, f"{head}.{swapped}.{signature}") == "signature_invalid"
    other = "A" if signature[0] != "A" else "B"
    assert refused(provider, f"{head}.{payload}.{other}{signature[1:]}") == "signature_invalid"


def test_a_notice_is_for_one_app_and_environment(store, provider):
    notice = recorded("storekit/notice")
    for changes, code in [
        ({"bundleId": "app.other"}, "wrong_app"),
        ({"appAppleId": 1}, "wrong_app"),
        ({"environment": "Sandbox"}, "wrong_environment"),
        ({"environment": "Xcode"}, "wrong_environment"),
    ]:
        wrong = notice | {"data": notice["data"] | changes}
        assert notice_refused(provider, store.notice(wrong, transaction=PACK)) == code


def test_a_right_notice_does_not_vouch_for_the_transaction_in_it(store, provider):
    notice = recorded("storekit/notice")
    other = app_store(leaf_days=401)
    for inner, code in [
        (other.signed(PACK), "signature_invalid"),
        (store.signed(PACK | {"environment": "Sandbox"}), "wrong_environment"),
        (store.signed(PACK | {"bundleId": "app.other"}), "wrong_app"),
        (store.signed(PACK | {"signedDate": None}), "missing_field"),
        (store.signed(PACK | {"signedDate": 4_000_000_000_000}), "from_the_future"),
        (None, "missing_field"),
    ]:
        wrong = notice | {"data": notice["data"] | {"signedTransactionInfo": inner}}
        assert notice_refused(provider, store.notice(wrong)) == code


def test_the_sandbox_counts_where_it_is_named(store):
    both = store.provider(environments=("Production", "Sandbox"))
    receipt = store.signed(PACK | {"environment": "Sandbox"})
    assert both.read_receipt(receipt=receipt, now=NOW)[0].transaction_id == PACK_ID
    # The App Store sends no app number from the sandbox.
    data = {"bundleId": "app.vignette.ios", "environment": "Sandbox"}
    notice = recorded("storekit/notice") | {"data": data}
    headers, body = store.notice(notice, transaction=PACK | {"environment": "Sandbox"})
    assert both.read_webhook(headers=headers, body=body, now=NOW)[0].kind == "purchased"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "malformed"),
        (b"{}", "missing_field"),
        (b'{"signedPayload": 5}', "malformed"),
        (b'{"signedPayload": "a.b"}', "malformed"),
        (b'{"signedPayload": "a.b.c"}', "malformed"),
        (b'{"signedPayload": "\\u00e9.b.c"}', "malformed"),
        (b'{"signedPayload": "\\ud800.b.c"}', "malformed"),
        (b'{"signedPayload": "' + b"a" * 262_144 + b'"}', "body_too_large"),
    ],
)
def test_a_notice_that_is_none_is_refused(provider, body, code):
    assert notice_refused(provider, ({}, body)) == code


@pytest.mark.parametrize("receipt", ["", "a.b.c", "é.é.é", "{}", "e30.e30.", "a" * 65_537])
def test_a_receipt_that_is_none_is_refused(provider, receipt):
    code = "body_too_large" if len(receipt) > 65_536 else "malformed"
    assert refused(provider, receipt) in {code, "missing_field"}


def test_roots_come_from_files_of_either_form(store, tmp_path):
    der = store.root.public_bytes(Encoding.DER)
    (tmp_path / "a.cer").write_bytes(der)
    (tmp_path / "b.pem").write_bytes(store.root.public_bytes(Encoding.PEM) * 2)
    assert read_certificates(tmp_path) == [der] * 3
    assert read_certificates(tmp_path / "a.cer") == [der]


def test_roots_that_are_none_do_not_start(tmp_path):
    with pytest.raises(ProviderMisconfigured, match="STOREKIT_ROOT_CERTS"):
        read_certificates(tmp_path / "nothing")
    (tmp_path / "a.cer").write_bytes(b"no certificate")
    with pytest.raises(ProviderMisconfigured, match="STOREKIT_ROOT_CERTS"):
        read_certificates(tmp_path)


@pytest.mark.parametrize("environments", [(), ("Xcode",), ("Production", "LocalTesting")])
def test_an_environment_in_which_nothing_is_checked_does_not_start(store, environments):
    with pytest.raises(ProviderMisconfigured, match="STOREKIT_ENVIRONMENT"):
        store.provider(environments=environments)


def test_no_roots_do_not_start():
    with pytest.raises(ProviderMisconfigured, match="STOREKIT_ROOT_CERTS"):
        StoreKitProvider(bundle_id="app", app_apple_id=1, root_certificates=[])
