"""What was spent on clips, and how much of the budget is left."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import Count, DateField, F, Q, QuerySet, Sum
from django.db.models.functions import Cast, Trunc
from django.utils import timezone

from credits.models import ClipCost
from credits.policy import prices
from credits.policy.periods import day_end, day_start, month_end, month_start
from credits.policy.prices import MICROS

GROUPS = ("user", "engine", "model", "day")
_CACHED_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Budget:
    """What may be spent and what was; in the currency, `None` where there is no limit.

    Attributes:
        currency: three letters.
        daily_limit: for the UTC day.
        daily_spent: in this UTC day.
        monthly_limit: for the calendar month (UTC).
        monthly_spent: in this calendar month.
        renews_at: None while the budget lasts; else when there is something to spend again.
    """

    currency: str
    daily_limit: float | None
    daily_spent: float
    monthly_limit: float | None
    monthly_spent: float
    renews_at: datetime | None


@dataclass(frozen=True, slots=True)
class CostRow:
    """What one user's, engine's, model's or day's clips cost; `key` is its id, name or date."""

    key: str
    currency: str
    clips: int
    engine_seconds: float
    cost: float
    watt_hours: float
    image_equivalents: float
    storage_bytes: int


def cost_report(since: datetime, *, by: str, limit: int | None = None) -> list[CostRow]:
    """Return what was spent since a time, in groups, the most expensive first; days by date.

    Work of deleted users is under an empty key. With a limit, so many groups at most.

    Raises:
        ValueError: there is no such grouping.
    """
    if by not in GROUPS:
        raise ValueError(f"costs are told by {', '.join(GROUPS)}, not {by!r}")
    key: Any = F("user_id") if by == "user" else F(by)
    if by == "day":
        key = Cast(Trunc("created_at", "day"), DateField())
    rows = (
        ClipCost.objects.filter(created_at__gte=since)
        .values(key=key, money=F("currency"))  # of another currency before the file was changed
        .annotate(
            clips=Count("pk"),
            seconds=Sum("engine_seconds"),
            sum_micros=Sum("micros"),
            energy=Sum("watt_hours"),
            images=Sum("image_equivalents"),
            storage=Sum("storage_bytes"),
        )
    )
    order = ("key", "money") if by == "day" else ("-sum_micros", "key", "money")
    return [_row(each) for each in rows.order_by(*order)[:limit]]


def budget() -> Budget:
    """Return what may be spent and what was, in this UTC day and month."""
    now = timezone.now()
    sums = (
        _of_the_currency()
        .filter(created_at__gte=month_start(now))
        .aggregate(day=Sum("micros", filter=Q(created_at__gte=day_start(now))), month=Sum("micros"))
    )
    day, month = ((sums[period] or 0) / MICROS for period in ("day", "month"))
    daily, monthly = settings.BUDGET_DAILY or None, settings.BUDGET_MONTHLY or None
    renews_at = None
    if daily is not None and day >= daily:
        renews_at = day_end(now)
    if monthly is not None and month >= monthly:
        renews_at = month_end(now)
    return Budget(prices().currency, daily, day, monthly, month, renews_at)


def has_budget() -> bool:
    """Tell whether the operator set a limit."""
    return bool(settings.BUDGET_DAILY or settings.BUDGET_MONTHLY)


def budget_is_spent() -> bool:
    """Tell whether nothing may be spent now; what a process read is good for two seconds."""
    if not has_budget():
        return False
    return _LATEST.is_spent()


class _Latest:
    """The last answer of this process. Threads that come at once may ask twice; no harm is done."""

    def __init__(self) -> None:
        self._answer, self._good_until = False, 0.0

    def is_spent(self) -> bool:
        if time.monotonic() >= self._good_until:
            self._answer = budget().renews_at is not None
            self._good_until = time.monotonic() + _CACHED_SECONDS
        return self._answer

    def forget(self) -> None:
        self._good_until = 0.0


_LATEST = _Latest()


def forget_budget() -> None:
    """Let the next `budget_is_spent` of this process look at the table."""
    _LATEST.forget()


def _of_the_currency() -> QuerySet[ClipCost]:
    return ClipCost.objects.filter(currency=prices().currency)


def _row(each: Mapping[str, Any]) -> CostRow:
    return CostRow(
        key="" if each["key"] is None else str(each["key"]),
        currency=each["money"],
        clips=each["clips"],
        engine_seconds=each["seconds"],
        cost=each["sum_micros"] / MICROS,
        watt_hours=each["energy"],
        image_equivalents=each["images"],
        storage_bytes=each["storage"],
    )
