from credits.models.costs import ClipCost
from credits.models.ledger import (
    Account,
    Posting,
    Transaction,
    TransactionKind,
    Wallet,
)
from credits.models.lots import Hold, HoldPart, HoldState, Lot, LotSource
from credits.models.plans import Purchase, PurchaseKind, Referral, Subscription

__all__ = [
    "Account",
    "ClipCost",
    "Hold",
    "HoldPart",
    "HoldState",
    "Lot",
    "LotSource",
    "Posting",
    "Purchase",
    "PurchaseKind",
    "Referral",
    "Subscription",
    "Transaction",
    "TransactionKind",
    "Wallet",
]
