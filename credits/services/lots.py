"""Lots: granting, taking the first to expire, giving back, expiring and revoking.

All but `grant` and `expire_lots` work on a wallet that the caller has locked.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from credits.models import Account, Lot, LotSource, Purchase, TransactionKind, Wallet
from credits.policy import Plan
from credits.policy.periods import day_end
from credits.services.books import lock_wallet, post, wallet_of

GRACE = timedelta(days=1)  # for what comes back after it expired
BATCH = 200
Parts = Sequence[tuple[Lot, int]]


def grant(
    *,
    user_id: UUID,
    amount: int,
    source: str,
    key: str,
    expires_at: datetime,
    note: str = "",
) -> bool:
    """Give a user credits, once for each key, and tell whether this call did.

    Args:
        user_id: who gets them.
        amount: credits, at least 1.
        source: one of `LotSource`.
        key: names what they are given for; the same key again gives nothing.
        expires_at: when what is left of them is gone.
        note: words for the user, at most 200 characters.

    Raises:
        ValueError: the amount is below 1, or there is no such source.
    """
    with transaction.atomic():
        wallet = wallet_of(user_id)
        lot = add_lot(
            wallet,
            amount=amount,
            source=LotSource(source),
            key=key,
            expires_at=expires_at,
            note=note,
        )
    return lot is not None


def expire_lots() -> int:
    """Take what is left of every lot past its time, and return how many wallets had such lots.

    A deleted user's credits go whatever their time. Safe at any time, twice at once too; each
    wallet is a transaction of its own.
    """
    done = 0
    while True:
        wallet_ids = list(
            Lot.objects.filter(_due(timezone.now()) | Q(wallet__user__isnull=True), remaining__gt=0)
            .order_by()
            .values_list("wallet_id", flat=True)
            .distinct()[:BATCH]
        )
        for wallet_id in wallet_ids:
            with transaction.atomic():
                expire_due(lock_wallet(wallet_id), now=timezone.now())
        done += len(wallet_ids)
        if len(wallet_ids) < BATCH:
            return done


def add_lot(  # noqa: PLR0913 - the facts of a lot; few have a sensible default
    wallet: Wallet,
    *,
    amount: int,
    source: LotSource,
    key: str,
    expires_at: datetime,
    note: str = "",
    out_of: Account = Account.ISSUED,
) -> Lot | None:
    """Put a new lot into the locked wallet; None: there is one of that key already.

    Raises:
        ValueError: the amount is below 1.
    """
    if amount < 1:
        raise ValueError(f"a lot holds 1 credit or more, not {amount}")
    if Lot.objects.filter(key=key).exists():
        return None
    lot = Lot.objects.create(
        wallet=wallet,
        source=source,
        key=key,
        amount=amount,
        remaining=amount,
        expires_at=expires_at,
    )
    kind = TransactionKind.GRANTED if out_of == Account.ISSUED else TransactionKind.REFUNDED
    post(wallet, kind, {out_of: -amount, Account.AVAILABLE: amount}, reference=key, note=note)
    return lot


def add_daily(wallet: Wallet, plan: Plan, *, now: datetime) -> None:
    """Give the locked wallet what it has not had yet of today's credits of the plan.

    Who changes to a larger plan gets the difference; nobody gets more in a day than their largest.
    """
    had = sum(lot.amount for lot in daily_lots(wallet, now=now))
    if had < plan.daily_credits:
        add_lot(
            wallet,
            amount=plan.daily_credits - had,
            source=LotSource.DAILY,
            # `had` tells the day's second lot from its first.
            key=f"daily:{now:%Y-%m-%d}:{had}:{wallet.pk}",
            expires_at=day_end(now),
            note=f"Daily credits, {plan.title}",
        )


def daily_lots(wallet: Wallet, *, now: datetime) -> QuerySet[Lot]:
    """Return the wallet's lots of today's daily credits, used up or not."""
    return wallet.lots.filter(source=LotSource.DAILY, expires_at=day_end(now))


def take(wallet: Wallet, amount: int, *, now: datetime) -> list[tuple[Lot, int]]:
    """Take credits from the locked wallet's lots, the first to expire first.

    The caller has seen that there are enough, and posts what it took.
    """
    parts = []
    for lot in wallet.lots.filter(remaining__gt=0, expires_at__gt=now).order_by("expires_at", "id"):
        if amount == 0:
            break
        taken = min(amount, lot.remaining)
        lot.remaining -= taken
        lot.save(update_fields=["remaining"])
        parts.append((lot, taken))
        amount -= taken
    return parts


def give_back(
    wallet: Wallet, parts: Parts, *, out_of: Account, reference: str, now: datetime
) -> None:
    """Put credits back into the lots of the locked wallet they came from.

    A daily lot that is over takes them with it, so that nobody hoards; any other that expired lasts
    a day more. What comes back to a revoked lot is revoked.
    """
    total = sum(amount for _, amount in parts)
    if total == 0:
        return
    kind = TransactionKind.RELEASED if out_of == Account.HELD else TransactionKind.REFUNDED
    post(wallet, kind, {out_of: -total, Account.AVAILABLE: total}, reference=reference)
    for lot, amount in parts:
        lot.remaining += amount
        if lot.expires_at <= now and lot.source != LotSource.DAILY:
            lot.expires_at = now + GRACE
        lot.save(update_fields=["remaining", "expires_at"])
        if lot.revoked_at is not None:
            taken = revoke(wallet, lot, now=now)
            Purchase.objects.filter(lot=lot).update(unrecovered=F("unrecovered") - taken)
    expire_due(wallet, now=now)


def expire_due(wallet: Wallet, *, now: datetime) -> None:
    """Take what is left of the locked wallet's lots past their time."""
    lots = wallet.lots.filter(remaining__gt=0)
    if wallet.user_id is not None:
        lots = lots.filter(_due(now))
    for lot in lots.order_by("expires_at", "id"):
        _empty(wallet, lot, TransactionKind.EXPIRED, Account.EXPIRED)


def revoke(wallet: Wallet, lot: Lot, *, now: datetime) -> int:
    """Take back what is left of a lot of the locked wallet, and return how many credits that was.

    What is held of it is taken when it comes back.
    """
    left = lot.remaining
    lot.revoked_at = lot.revoked_at or now
    lot.save(update_fields=["revoked_at"])
    if left:
        _empty(wallet, lot, TransactionKind.REVOKED, Account.ISSUED)
    return left


def _empty(wallet: Wallet, lot: Lot, kind: TransactionKind, into: Account) -> None:
    left, lot.remaining = lot.remaining, 0
    lot.save(update_fields=["remaining"])
    post(wallet, kind, {Account.AVAILABLE: -left, into: left}, reference=lot.key)


def _due(now: datetime) -> Q:
    return Q(expires_at__lte=now)
