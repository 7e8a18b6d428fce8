"""The one fact that every payment provider's notices and receipts are read into.

What the ledger may rely on:

- `(provider, kind, transaction_id)` names a fact. The same notice twice, a notice and the client's
  receipt of the same purchase, and a repeated receipt all come out under the same three.
- `refunded` carries the `transaction_id` of the purchase it takes back. It may come before that
  purchase is seen here (a receipt held back by its owner stays valid for ever), so a refund of an
  unknown transaction has to be remembered, not dropped.
- `subscribed` comes once for each paid period, with that period's `transaction_id`, and again under
  the same one where its end becomes known or is moved: a later `expires_at` moves the end and
  pays nothing anew. `expires_at` may lie in the past (a receipt handed over late) and may be None
  (a first notice that does not tell the end).
- `original_id` is what the periods of one subscription have in common; `subscription_ended` means
  all of it.
- `user_id` None: the notice does not say who. Look for the user by `transaction_id`, then by
  `original_id`; where nobody is found, answer with an error so that the provider sends it again.
- `product_id` is the provider's own name of the thing, "" in a notice that does not carry it. It
  is not known here whether it is sold, nor as what: that a pack was bought as a pack is for the
  ledger to look up.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

EventKind = Literal["purchased", "refunded", "subscribed", "subscription_ended"]


@dataclass(frozen=True, slots=True)
class PurchaseEvent:
    """Something that a provider signed for: money came, went back, or a subscription moved.

    Attributes:
        provider: the provider's name: "stripe", "storekit" or "play".
        kind: what happened.
        transaction_id: the payment it is about; never empty.
        original_id: the first payment or the subscription that the payment belongs to.
        user_id: who bought, as the provider's notice says; None where it does not.
        product_id: the provider's id of what was bought; "" where the notice does not say.
        quantity: how many of it, at least 1.
        expires_at: end of the period that was paid for (UTC); None where there is none or the
            notice does not tell it.
        occurred_at: when it happened by the provider's clock (UTC).
    """

    provider: str
    kind: EventKind
    transaction_id: str
    original_id: str
    user_id: UUID | None
    product_id: str
    quantity: int
    expires_at: datetime | None
    occurred_at: datetime
