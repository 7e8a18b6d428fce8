"""The periods that quotas, budgets and packs count in; all in UTC. Pure."""

from __future__ import annotations

from calendar import monthrange
from datetime import datetime, timedelta


def day_start(at: datetime) -> datetime:
    """Return the first moment of the day."""
    return at.replace(hour=0, minute=0, second=0, microsecond=0)


def day_end(at: datetime) -> datetime:
    """Return the first moment of the next day: when the daily credits renew."""
    return day_start(at) + timedelta(days=1)


def month_start(at: datetime) -> datetime:
    """Return the first moment of the month."""
    return day_start(at).replace(day=1)


def month_end(at: datetime) -> datetime:
    """Return the first moment of the next month."""
    return months_later(month_start(at), 1)


def months_later(at: datetime, months: int) -> datetime:
    """Return the same time so many months later, on the month's last day where it is shorter."""
    year, month = divmod(at.year * 12 + at.month - 1 + months, 12)
    return at.replace(year=year, month=month + 1, day=min(at.day, monthrange(year, month + 1)[1]))
