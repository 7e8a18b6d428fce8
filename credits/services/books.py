"""The only place where the books are written: a locked wallet, and postings that sum to zero."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from credits.models import Account, Posting, Transaction, TransactionKind, Wallet
from credits.models.ledger import OF_A_WALLET


def wallet_of(user_id: UUID) -> Wallet:
    """Return the user's wallet with its row locked until the transaction ends; made when missing.

    Every write to a user's credits takes this lock first, so that one waits for the other. It locks
    no key: others may refer to the row meanwhile.
    """
    locked = Wallet.objects.select_for_update(no_key=True)
    wallet = locked.filter(user_id=user_id).first()
    if wallet is None:
        # Of two who come at once one makes the row; the other's insert waits for it.
        Wallet.objects.bulk_create([Wallet(user_id=user_id)], ignore_conflicts=True)
        wallet = locked.get(user_id=user_id)
    return wallet


def lock_wallet(wallet_id: UUID) -> Wallet:
    """Return a wallet that is there, with its row locked until the transaction ends."""
    return Wallet.objects.select_for_update(no_key=True).get(pk=wallet_id)


def post(
    wallet: Wallet,
    kind: TransactionKind,
    amounts: Mapping[Account, int],
    *,
    reference: str,
    note: str = "",
) -> None:
    """Write one transaction of a locked wallet, and the wallet's new sums.

    Args:
        wallet: its row is locked by this transaction.
        kind: what happened.
        amounts: credits that each account gains; they sum to zero, and none is 0.
        reference: what it was for.
        note: words for the user.

    Raises:
        ValueError: the amounts do not sum to zero.
    """
    if sum(amounts.values()) != 0:
        raise ValueError(f"postings that do not sum to zero: {amounts}")
    made = Transaction.objects.create(kind=kind, reference=reference, note=note)
    Posting.objects.bulk_create(
        Posting(
            transaction=made,
            account=account,
            wallet=wallet if account in OF_A_WALLET else None,
            amount=amount,
        )
        for account, amount in amounts.items()
    )
    wallet.available += amounts.get(Account.AVAILABLE, 0)
    wallet.held += amounts.get(Account.HELD, 0)
    wallet.save(update_fields=["available", "held"])
