"""Reads about cameos, also for the apps above."""

from cameos.selectors.cameos import (
    cameos_of,
    lapsed,
    own_cameo,
    relations_to,
    same,
    usable_cameos,
    visible_cameo,
    visible_cameos,
    with_portraits,
)
from cameos.selectors.uses import (
    Use,
    accesses_of,
    as_uses,
    cosigns_for,
    receipts_of,
    uses_of,
)

__all__ = [
    "Use",
    "accesses_of",
    "as_uses",
    "cameos_of",
    "cosigns_for",
    "lapsed",
    "own_cameo",
    "receipts_of",
    "relations_to",
    "same",
    "usable_cameos",
    "uses_of",
    "visible_cameo",
    "visible_cameos",
    "with_portraits",
]
