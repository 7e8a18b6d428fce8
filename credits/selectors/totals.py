"""What all people together have, and what moved today, for the operator."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils import timezone

from credits.models import ClipCost, Posting, Transaction, TransactionKind, Wallet
from credits.policy import prices
from credits.policy.periods import day_start
from credits.policy.prices import MICROS

_SLACK = timedelta(minutes=1)  # an id is made before its row's time is taken


@dataclass(frozen=True, slots=True)
class CostsToday:
    """What the work that ended in this UTC day cost, in the currency of the prices."""

    clips: int
    cost: float
    watt_hours: float
    image_equivalents: float


@dataclass(frozen=True, slots=True)
class CreditTotals:
    """Credits: in all wallets now, and moved since the UTC day began, by kind of transaction."""

    available: int
    held: int
    moved_today: dict[str, int]
    costs_today: CostsToday


# Ids are UUIDv7: those of a day are one range of the primary key.
_TOTALS = f"""
    SELECT '', coalesce(sum(available), 0), coalesce(sum(held), 0), 0.0, 0.0
    FROM {Wallet._meta.db_table}
    UNION ALL
    SELECT 'costs', count(*), coalesce(sum(micros), 0),
           coalesce(sum(watt_hours), 0), coalesce(sum(image_equivalents), 0)
    FROM {ClipCost._meta.db_table} WHERE created_at >= %(day)s AND currency = %(currency)s
    UNION ALL
    SELECT t.kind, sum(p.amount) FILTER (WHERE p.amount > 0), 0, 0, 0
    FROM {Transaction._meta.db_table} t
    JOIN {Posting._meta.db_table} p ON p.transaction_id = t.id
    WHERE t.id >= %(first)s AND t.created_at >= %(day)s GROUP BY t.kind
"""  # noqa: S608 - names of ours alone


def credit_totals(*, now: datetime | None = None) -> CreditTotals:
    """Return what all wallets hold, and what moved and was spent today, in one statement."""
    day = day_start(now or timezone.now())
    given: dict[str, Any] = {
        "first": _first_id(day - _SLACK),
        "day": day,
        "currency": prices().currency,
    }
    with connection.cursor() as cursor:
        cursor.execute(_TOTALS, given)
        found = {kind: numbers for kind, *numbers in cursor.fetchall()}
    available, held, *_ = found.pop("")
    clips, micros, energy, images = found.pop("costs")
    moved = dict.fromkeys(TransactionKind.values, 0)
    moved |= {kind: int(amount) for kind, (amount, *_) in found.items()}
    costs = CostsToday(int(clips), int(micros) / MICROS, float(energy), float(images))
    return CreditTotals(int(available), int(held), moved, costs)


def _first_id(moment: datetime) -> UUID:
    """Return the smallest UUIDv7 of a moment."""
    return UUID(int=int(moment.timestamp() * 1000) << 80)
