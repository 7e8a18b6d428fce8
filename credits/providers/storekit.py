"""App Store: signed transactions (StoreKit 2) and server notifications (version 2) into purchases.

Chains and signatures are checked by Apple's own library against root certificates from the
operator's files, with its online checks off: no revocation is asked for, nothing is fetched. A
chain has to have been valid when its text was signed, for a receipt may be handed over late.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TypeVar

import attrs
import jwt
from appstoreserverlibrary.models.Environment import Environment
from appstoreserverlibrary.models.JWSTransactionDecodedPayload import JWSTransactionDecodedPayload
from appstoreserverlibrary.models.ResponseBodyV2DecodedPayload import ResponseBodyV2DecodedPayload
from appstoreserverlibrary.signed_data_verifier import (
    SignedDataVerifier,
    VerificationException,
    VerificationStatus,
)
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from credits.providers.errors import ProviderMisconfigured, ReceiptInvalid
from credits.providers.events import EventKind, PurchaseEvent
from credits.providers.reading import (
    Fields,
    ensure_bearable,
    ensure_not_from_the_future,
    read_object,
    read_user,
    user_or_none,
)

# Apple signs for these two. For Xcode's local ones its library skips every check, so those may
# never come into the table of verifiers.
ENVIRONMENTS = {each.value: each for each in (Environment.PRODUCTION, Environment.SANDBOX)}
SUBSCRIPTION = "Auto-Renewable Subscription"
ONE_TIME = {"Consumable", "Non-Consumable"}
FAMILY_SHARED = "FAMILY_SHARED"  # somebody else paid: one payment would count once for each of them
REFUNDED_IN_PART = "REFUND_PRORATED"

Decoded = TypeVar("Decoded")


class StoreKitProvider:
    """One app of the App Store."""

    name = "storekit"

    def __init__(
        self,
        *,
        bundle_id: str,
        app_apple_id: int,
        root_certificates: Sequence[bytes],
        environments: Sequence[str] = ("Production",),
    ) -> None:
        """Make a verifier for each environment whose purchases count.

        Args:
            bundle_id: the app's bundle id.
            app_apple_id: the app's number in App Store Connect.
            root_certificates: Apple's roots, DER; see `read_certificates`.
            environments: of "Production" and "Sandbox", those that count.

        Raises:
            ProviderMisconfigured: one of these is missing or unknown.
        """
        unknown = sorted(set(environments) - set(ENVIRONMENTS))
        if unknown or not environments:
            raise ProviderMisconfigured(
                f"STOREKIT_ENVIRONMENT: {', '.join(unknown) or 'nothing'} is not among "
                f"{', '.join(ENVIRONMENTS)}."
            )
        if not root_certificates:
            raise ProviderMisconfigured("STOREKIT_ROOT_CERTS holds no certificate.")
        self._verifiers = {
            each: SignedDataVerifier(
                list(root_certificates), False, ENVIRONMENTS[each], bundle_id, app_apple_id
            )
            for each in environments
        }

    def read_webhook(
        self, *, headers: Mapping[str, str], body: bytes, now: datetime
    ) -> list[PurchaseEvent]:
        """Return what a server notification says; an empty list where it means nothing to us.

        Raises:
            ReceiptInvalid: it is not signed by Apple, not for this app, of an environment that does
                not count, or not readable.
        """
        ensure_bearable(body)
        signed = _compact(read_object(body).raw("signedPayload"))
        verifier = self._verifier_for(_environment_of_notice(_peek(signed, now=now)))
        notice = _verified(verifier.verify_and_decode_notification, signed)
        if _is_ignored(notice):
            return []
        inner = notice.data.signedTransactionInfo if notice.data else None
        if not inner:
            raise ReceiptInvalid("missing_field", "The notice has no signedTransactionInfo.")
        _peek(inner, now=now)
        transaction = _verified(verifier.verify_and_decode_signed_transaction, inner)
        return _events_of_notice(notice, transaction)

    def read_receipt(self, *, receipt: str, now: datetime) -> list[PurchaseEvent]:
        """Return what a signed transaction says (`Transaction.jwsRepresentation` in the app).

        Raises:
            ReceiptInvalid: it is not signed by Apple, not for this app, of an environment that does
                not count, without an `appAccountToken`, shared by a family, or not readable.
        """
        ensure_bearable(receipt)
        signed = _compact(receipt.encode("utf-8", "replace"))
        verifier = self._verifier_for(_peek(signed, now=now).text("environment"))
        transaction = _verified(verifier.verify_and_decode_signed_transaction, signed)
        read_user(transaction.appAccountToken or "")
        return _events_of_receipt(transaction)

    def _verifier_for(self, environment: str) -> SignedDataVerifier:
        """Return the verifier for what a text that nobody checked yet says of itself.

        The verifier holds the checked text against its own environment once more.

        Raises:
            ReceiptInvalid: `wrong_environment`.
        """
        if environment not in self._verifiers:
            raise ReceiptInvalid(
                "wrong_environment", "Purchases of this environment do not count here."
            )
        return self._verifiers[environment]


def read_certificates(path: Path) -> list[bytes]:
    """Return the certificates (DER) of a PEM or DER file, or of all such files of a folder.

    Raises:
        ProviderMisconfigured: there is no such file, or one holds no certificate.
    """
    try:
        files = sorted(each for each in path.iterdir() if each.is_file()) if path.is_dir() else []
        return [one for file in files or [path] for one in _certificates_in(file.read_bytes())]
    except (OSError, ValueError) as fault:
        raise ProviderMisconfigured(f"STOREKIT_ROOT_CERTS cannot be read: {fault}") from fault


def _certificates_in(content: bytes) -> list[bytes]:
    if b"-----BEGIN" in content:
        found = x509.load_pem_x509_certificates(content)
    else:
        found = [x509.load_der_x509_certificate(content)]
    return [each.public_bytes(Encoding.DER) for each in found]


def _compact(text: bytes) -> str:
    """Return a signed text; what is no JWS in its compact form ends here.

    Raises:
        ReceiptInvalid: `malformed`.
    """
    if text.count(b".") != 2 or not text.isascii():
        raise ReceiptInvalid("malformed", "This is no signed text of the App Store.")
    return text.decode("ascii")


def _peek(signed: str, *, now: datetime) -> Fields:
    """Return what a text says, unchecked: to choose who checks it.

    It has to say when it was signed: for one that does not, Apple's library would hold the chain
    against the machine's own clock.

    Raises:
        ReceiptInvalid: `malformed`, `missing_field` or `from_the_future`.
    """
    try:
        said = Fields(jwt.decode(signed, options={"verify_signature": False}))
    except (jwt.PyJWTError, ValueError, RecursionError):
        raise ReceiptInvalid("malformed", "The signed text cannot be read.") from None
    ensure_not_from_the_future(said.milliseconds("signedDate"), now=now)
    return said


def _environment_of_notice(notice: Fields) -> str:
    for about in ("data", "summary", "appData"):
        if notice.has(about):
            return notice.inner(about).text("environment")
    token = notice.inner("externalPurchaseToken")
    is_sandbox = token.text_or_empty("externalPurchaseId").startswith("SANDBOX")
    return "Sandbox" if is_sandbox else "Production"


def _verified(decode: Callable[[str], Decoded], signed: str) -> Decoded:
    """Return what Apple's library makes of a signed text.

    Raises:
        ReceiptInvalid: it is not Apple's, not this app's, or holds fields of the wrong kind.
    """
    try:
        return decode(signed)
    except VerificationException as refusal:
        reasons = {
            VerificationStatus.INVALID_APP_IDENTIFIER: ("wrong_app", "It is for another app."),
            VerificationStatus.INVALID_ENVIRONMENT: (
                "wrong_environment",
                "Purchases of this environment do not count here.",
            ),
        }
        other = ("signature_invalid", "It is not signed by the App Store.")
        raise ReceiptInvalid(*reasons.get(refusal.status, other)) from None
    except Exception:  # noqa: BLE001 - cattrs raises whatever a field of the wrong kind brings
        raise ReceiptInvalid("malformed", "A signed field is not as it should be.") from None


def _is_ignored(notice: ResponseBodyV2DecodedPayload) -> bool:
    return _kinds(notice, is_subscription=True) == _kinds(notice, is_subscription=False) == ()


def _kinds(notice: ResponseBodyV2DecodedPayload, *, is_subscription: bool) -> tuple[EventKind, ...]:
    """Return what a notice means for a subscription or for anything else."""
    upgrades = {("DID_CHANGE_RENEWAL_PREF", "UPGRADE"), ("OFFER_REDEEMED", "UPGRADE")}
    kind, subtype = notice.rawNotificationType or "", notice.rawSubtype or ""
    if kind == "ONE_TIME_CHARGE":
        return ("purchased",)
    if kind in {"REFUND", "REVOKE"}:
        return _taken_back(is_subscription=is_subscription)
    if not is_subscription:
        return ()
    if kind in {"SUBSCRIBED", "DID_RENEW", "RENEWAL_EXTENDED"} or (kind, subtype) in upgrades:
        return ("subscribed",)
    return ("subscription_ended",) if kind in {"EXPIRED", "GRACE_PERIOD_EXPIRED"} else ()


def _taken_back(*, is_subscription: bool) -> tuple[EventKind, ...]:
    return ("refunded", "subscription_ended") if is_subscription else ("refunded",)


def _events_of_notice(
    notice: ResponseBodyV2DecodedPayload, transaction: JWSTransactionDecodedPayload
) -> list[PurchaseEvent]:
    if transaction.rawInAppOwnershipType == FAMILY_SHARED:
        return []
    kinds = _kinds(notice, is_subscription=transaction.rawType == SUBSCRIPTION)
    if transaction.rawRevocationType == REFUNDED_IN_PART:
        kinds = tuple(kind for kind in kinds if kind != "refunded")
    return [_event(kind, transaction) for kind in kinds]


def _events_of_receipt(transaction: JWSTransactionDecodedPayload) -> list[PurchaseEvent]:
    is_subscription = transaction.rawType == SUBSCRIPTION
    is_known = is_subscription or transaction.rawType in ONE_TIME
    if not is_known or transaction.rawInAppOwnershipType == FAMILY_SHARED:
        raise ReceiptInvalid("receipt_not_supported", "Purchases of this kind do not count here.")
    if transaction.isUpgraded or transaction.rawRevocationType == REFUNDED_IN_PART:
        raise ReceiptInvalid("not_paid", "It was replaced by another, or given back in part.")
    if transaction.revocationDate is not None:
        return [_event(kind, transaction) for kind in _taken_back(is_subscription=is_subscription)]
    return [_event("subscribed" if is_subscription else "purchased", transaction)]


def _event(kind: EventKind, transaction: JWSTransactionDecodedPayload) -> PurchaseEvent:
    found = Fields(attrs.asdict(transaction, recurse=False))
    is_dated = kind == "subscribed"
    happened = "revocationDate" if kind == "refunded" else "purchaseDate"
    if kind == "subscription_ended":
        happened = "signedDate"
    return PurchaseEvent(
        provider=StoreKitProvider.name,
        kind=kind,
        transaction_id=found.text("transactionId"),
        original_id=found.text("originalTransactionId"),
        user_id=user_or_none(transaction.appAccountToken or ""),
        product_id=found.text("productId"),
        quantity=found.quantity("quantity"),
        expires_at=found.milliseconds("expiresDate") if is_dated else None,
        occurred_at=found.milliseconds(happened),
    )
