"""Numbers as the page writes them. Pure."""

from __future__ import annotations

NOTHING = "\N{EN DASH}"
_MINUTE, _HOUR, _DAY = 60, 3600, 86_400


def count(value: float | None) -> str:
    """Write a whole number: "12,345"."""
    return NOTHING if value is None else f"{value:,.0f}"


def seconds(value: float | None) -> str:
    """Write a duration: "0 s", "0.4 s", "12 s", "3 min 5 s", "2 h 10 min", "4 d 3 h"."""
    if value is None:
        return NOTHING
    if 0 < value < 9.95:
        return f"{value:.1f} s"
    whole = round(value)
    if whole < _MINUTE:
        return f"{whole} s"
    if whole < _HOUR:
        return _parts(whole, (_MINUTE, "min"), (1, "s"))
    if whole < _DAY:
        return _parts(whole, (_HOUR, "h"), (_MINUTE, "min"))
    return _parts(whole, (_DAY, "d"), (_HOUR, "h"))


def decimal(value: float | None) -> str:
    """Write a number with as many digits as tell something: "1,234", "12.3", "0.0123"."""
    if value is None:
        return NOTHING
    if value == 0 or abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:,.3g}"


def share(value: float, most: float) -> int:
    """Return a value as percent of the most there may be, from 0 to 100."""
    return max(0, min(100, round(100 * value / most))) if most else 0


def _parts(whole: int, unit: tuple[int, str], smaller: tuple[int, str]) -> str:
    rest = whole % unit[0] // smaller[0]
    return f"{whole // unit[0]} {unit[1]}" + (f" {rest} {smaller[1]}" if rest else "")
