"""What somebody has, and what happened to it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils import timezone

from credits.models import Account, Lot, LotSource, Posting, Wallet
from credits.policy import Plan
from credits.policy.periods import day_end
from credits.selectors.plans import plan_of


@dataclass(frozen=True, slots=True)
class LotLeft:
    """Credits of one lot that can be spent until `expires_at`."""

    source: str
    left: int
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Daily:
    """The credits of this UTC day: of how many how many are left, and when they renew."""

    amount: int
    left: int
    renews_at: datetime


@dataclass(frozen=True, slots=True)
class Balance:
    """What a user can spend now (`balance`, today's credits included) and what is set aside."""

    plan: Plan
    balance: int
    held: int
    daily: Daily
    lots: tuple[LotLeft, ...]  # the first to expire, and to be spent, first


def balance_of(user_id: UUID) -> Balance:
    """Return what the user has, in three queries; nothing is written.

    Today's credits count, given or not: `hold` gives them when something is spent.
    """
    now, plan = timezone.now(), plan_of(user_id)
    today = Q(source=LotSource.DAILY)  # used up, it still says what was given
    lots = list(
        Lot.objects.filter(
            Q(remaining__gt=0) | today, wallet__user_id=user_id, expires_at__gt=now
        ).order_by("expires_at", "id")
    )
    daily = [lot for lot in lots if lot.source == LotSource.DAILY]
    others = [
        LotLeft(lot.source, lot.remaining, lot.expires_at)
        for lot in lots
        if lot.source != LotSource.DAILY
    ]
    given, renews_at = sum(lot.amount for lot in daily), day_end(now)
    left = sum(lot.remaining for lot in daily) + max(0, plan.daily_credits - given)
    found = [LotLeft(LotSource.DAILY, left, renews_at), *others] if left else others
    held = Wallet.objects.filter(user_id=user_id).values_list("held", flat=True).first()
    return Balance(
        plan=plan,
        balance=sum(lot.left for lot in found),
        held=held or 0,
        daily=Daily(max(given, plan.daily_credits), left, renews_at),
        lots=tuple(sorted(found, key=lambda lot: lot.expires_at)),
    )


def history_of(user_id: UUID) -> QuerySet[Posting]:
    """Return what changed the user's available credits, unordered; the ids ascend with time."""
    return Posting.objects.filter(
        wallet__user_id=user_id, account=Account.AVAILABLE
    ).select_related("transaction")
