"""Believe a provider's notice or a client's receipt, and credit what it says."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from credits.errors import ProviderOff, PurchaserUnknown, PurchaseTaken, ReceiptRefused
from credits.providers import ReceiptProvider
from credits.providers.errors import ProviderMisconfigured, ReceiptInvalid
from credits.providers.events import PurchaseEvent
from credits.providers.registry import provider_named
from credits.services.purchases import credit_purchase

_log = logging.getLogger(__name__)


def take_notice(*, provider: str, headers: Mapping[str, str], body: bytes) -> None:
    """Credit what a provider's notice says, all of it or nothing; the same notice twice is once.

    Args:
        provider: the provider's name in the address.
        headers: the request's.
        body: its bytes as they came.

    Raises:
        ProviderOff: there is no such provider here.
        ReceiptRefused: the notice is not the provider's, or cannot be read.
        PurchaserUnknown, ProductUnknown, PurchaseTaken: as `credit_purchase`.
    """
    who, now = _provider(provider), timezone.now()
    events = _believed(lambda: who.read_webhook(headers=headers, body=body, now=now))
    with transaction.atomic():
        for event in events:
            credit_purchase(event)


def redeem_receipt(*, user_id: UUID, provider: str, receipt: str) -> None:
    """Credit what a receipt says to the user who hands it over; the same receipt twice is once.

    Args:
        user_id: who hands it over; it must be theirs.
        provider: who signed it.
        receipt: as the provider gave it to the client.

    Raises:
        ProviderOff: there is no such provider here.
        ReceiptRefused: the provider did not sign it, or it cannot be read.
        PurchaseTaken: it is another account's.
        PurchaserUnknown: it does not say whose it is.
        ProductUnknown: as `credit_purchase`.
    """
    who, now = _provider(provider), timezone.now()
    events = _believed(lambda: who.read_receipt(receipt=receipt, now=now))
    with transaction.atomic():
        for event in events:
            if event.user_id is None:
                raise PurchaserUnknown(field="receipt")  # it would be anybody's who found it
            if event.user_id != user_id:
                raise PurchaseTaken(field="receipt")
            credit_purchase(event)


def _provider(name: str) -> ReceiptProvider:
    """Return the provider of that name.

    Raises:
        ProviderOff: there is none, or it is not (wholly) switched on.
    """
    try:
        found = provider_named(name)
    except ProviderMisconfigured as error:
        _log.error("%s is not wholly switched on: %s", name, error)
        raise ProviderOff(field="provider") from error
    if found is None:
        raise ProviderOff(field="provider")
    return found


def _believed(read: Callable[[], list[PurchaseEvent]]) -> list[PurchaseEvent]:
    try:
        return read()
    except ReceiptInvalid as error:
        raise ReceiptRefused(error.detail, field="receipt", reason=error.code) from error
