"""Hold, then settle or release: the first of the two wins, and each may be called twice."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from credits.errors import InsufficientCredits
from credits.models import (
    Account,
    Hold,
    HoldPart,
    HoldState,
    Lot,
    LotSource,
    TransactionKind,
    Wallet,
)
from credits.selectors.plans import plan_of
from credits.services.books import lock_wallet, post, wallet_of
from credits.services.lots import GRACE, add_daily, add_lot, expire_due, give_back, take


def hold(*, user_id: UUID, reference: str, amount: int) -> None:
    """Set credits of a user aside; the same reference again changes nothing, closed or not.

    Today's daily credits are given first where they were not yet. What expires first is taken
    first. The user's wallet stays locked until the caller's transaction ends.

    Args:
        user_id: who pays.
        reference: names what for, such as `generation:<uuid>`; there is one hold of a reference.
        amount: credits; 0 writes down that the thing costs nothing.

    Raises:
        InsufficientCredits: the user has fewer; nothing is taken.
        ValueError: the amount is negative, or the reference is another user's or amount's.
    """
    if amount < 0:
        raise ValueError(f"a hold of {amount} credits")
    with transaction.atomic():
        wallet, now = wallet_of(user_id), timezone.now()
        made = Hold.objects.filter(reference=reference).first()
        if made is not None:
            if (made.wallet_id, made.amount) != (wallet.pk, amount):
                raise ValueError(f"{reference} holds {made.amount} credits of {made.wallet_id}")
            return
        parts = _take_for(wallet, amount, now=now) if amount else []
        made = Hold.objects.create(wallet=wallet, reference=reference, amount=amount)
        HoldPart.objects.bulk_create(
            HoldPart(hold=made, lot=lot, amount=taken) for lot, taken in parts
        )
        if amount:
            moved = {Account.AVAILABLE: -amount, Account.HELD: amount}
            post(wallet, TransactionKind.HELD, moved, reference=reference)


def settle(*, reference: str, amount: int | None = None) -> None:
    """Spend what is held; with a smaller amount the rest goes back.

    What would expire first counts as spent first. A hold that is closed, or a reference without
    one, stays as it is.

    Args:
        reference: the hold's.
        amount: credits; None: all that is held.

    Raises:
        ValueError: the amount is negative or more than is held.
    """
    with _locked(reference, HoldState.HELD) as found:
        if found is None:
            return
        wallet, held, now = found
        spent = held.amount if amount is None else amount
        if not 0 <= spent <= held.amount:
            raise ValueError(f"{spent} credits of {held.amount} that {reference} holds")
        if spent:
            moved = {Account.HELD: -spent, Account.SPENT: spent}
            post(wallet, TransactionKind.SETTLED, moved, reference=reference)
        left, back = spent, []
        for part in held.parts.select_related("lot").order_by("id"):  # as they were taken
            part.spent = min(left, part.amount)
            part.save(update_fields=["spent"])
            left -= part.spent
            back.append((part.lot, part.amount - part.spent))
        parts = [(lot, rest) for lot, rest in back if rest]
        give_back(wallet, parts, out_of=Account.HELD, reference=reference, now=now)
        _close(held, HoldState.SETTLED, settled=spent, now=now)


def release(*, reference: str) -> None:
    """Give back what is held, to the lots it came from.

    A daily lot that is over takes it with it; any other that expired lasts a day more. A hold that
    is closed, or a reference without one, stays as it is.
    """
    with _locked(reference, HoldState.HELD) as found:
        if found is None:
            return
        wallet, held, now = found
        parts = [(part.lot, part.amount) for part in held.parts.select_related("lot")]
        give_back(wallet, parts, out_of=Account.HELD, reference=reference, now=now)
        _close(held, HoldState.RELEASED, settled=0, now=now)


def refund(*, reference: str, amount: int | None = None) -> int:
    """Give back what was spent, once, and return how many credits this call gave.

    They go to the lots they came from, the last to expire first; a lot that expired lasts a day
    more, and what came from a daily lot that is over becomes a lot of one day. A second refund, a
    hold that was not settled, or a reference without one gives nothing.

    Args:
        reference: the hold's.
        amount: credits, at most what was settled; None: all of it.

    Raises:
        ValueError: the amount is below 1 or more than was settled.
    """
    with _locked(reference, HoldState.SETTLED) as found:
        if found is None:
            return 0
        wallet, held, now = found
        given = held.settled if amount is None else amount
        if held.refunded or held.settled == 0:
            return 0
        if not 1 <= given <= held.settled:
            raise ValueError(f"{given} credits of {held.settled} that {reference} cost")
        back, over = _refundable(held, given, now=now)
        give_back(wallet, back, out_of=Account.SPENT, reference=reference, now=now)
        if over:
            add_lot(
                wallet,
                amount=over,
                source=LotSource.REFUND,
                key=f"refund:{reference}",
                expires_at=now + GRACE,
                out_of=Account.SPENT,
            )
        held.refunded = given
        held.save(update_fields=["refunded"])
        return given


def _take_for(wallet: Wallet, amount: int, *, now: datetime) -> list[tuple[Lot, int]]:
    """Take the credits, today's given first and what is over expired first.

    Raises:
        InsufficientCredits: there are not enough.
    """
    expire_due(wallet, now=now)
    if wallet.user_id is not None:
        add_daily(wallet, plan_of(wallet.user_id), now=now)
    if wallet.available < amount:
        raise InsufficientCredits(need=amount, have=wallet.available)
    return take(wallet, amount, now=now)


def _refundable(held: Hold, amount: int, *, now: datetime) -> tuple[list[tuple[Lot, int]], int]:
    """Return how much goes back to which lots, and how much comes from daily lots that are over."""
    back, over = [], 0
    for part in held.parts.filter(spent__gt=0).select_related("lot").order_by("-id"):
        given = min(amount, part.spent)
        amount -= given
        if part.lot.source == LotSource.DAILY and part.lot.expires_at <= now:
            over += given
        elif given:
            back.append((part.lot, given))
    return back, over


@contextmanager
def _locked(reference: str, state: HoldState) -> Iterator[tuple[Wallet, Hold, datetime] | None]:
    """Give the hold of that state, its locked wallet and the time, in a transaction.

    What was left in lots past their time is gone by then: what comes back must not revive it.
    None: there is no such hold.
    """
    with transaction.atomic():
        wallet_id = (
            Hold.objects.filter(reference=reference).values_list("wallet_id", flat=True).first()
        )
        if wallet_id is None:
            yield None
            return
        wallet = lock_wallet(wallet_id)
        held = Hold.objects.filter(reference=reference, state=state).first()
        if held is None:
            yield None
            return
        now = timezone.now()
        expire_due(wallet, now=now)
        yield wallet, held, now


def _close(held: Hold, state: HoldState, *, settled: int, now: datetime) -> None:
    held.state, held.settled, held.closed_at = state, settled, now
    held.save(update_fields=["state", "settled", "closed_at"])
