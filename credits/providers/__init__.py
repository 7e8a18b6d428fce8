"""Payment providers behind one interface: signed words in, `PurchaseEvent`s out, nothing stored.

All but `registry` is free of Django, and nothing here asks a provider anything: what is signed is
checked with keys that the operator named. `docs/purchases.md` tells how each is switched on.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from credits.providers.events import PurchaseEvent


class ReceiptProvider(Protocol):
    """Somebody who takes money and signs for it. Safe to share between threads."""

    @property
    def name(self) -> str:
        """The provider's name in addresses and in the ledger: "stripe", "storekit" or "play"."""
        ...

    def read_webhook(
        self, *, headers: Mapping[str, str], body: bytes, now: datetime
    ) -> list[PurchaseEvent]:
        """Return what a provider's notice says; an empty list where it means nothing to us.

        `headers` are the request's (their case does not matter), `body` its bytes as they came,
        `now` an aware time. The same notice twice gives the same events twice.

        Raises:
            ReceiptInvalid: it is not signed by the provider, not for this app, or not readable.
        """
        ...

    def read_receipt(self, *, receipt: str, now: datetime) -> list[PurchaseEvent]:
        """Return what the receipt says that a client hands over after buying.

        Each event of a purchase has a `user_id`: the ledger must hold it against who hands it over.

        Raises:
            ReceiptInvalid: it is not signed by the provider, not for this app, not readable, or the
                provider has no receipts (`receipt_not_supported`).
        """
        ...
