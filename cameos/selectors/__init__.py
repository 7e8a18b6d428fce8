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
from cameos.selectors.handles import handles_of
from cameos.selectors.protection import (
    LISTED_RULE,
    listed_faces,
    names_listed_in,
    protected_faces_of,
)
from cameos.selectors.reach import Reach, Shown, Stage, listed, reach_of
from cameos.selectors.uses import (
    Use,
    accesses_of,
    as_uses,
    cosigns_for,
    receipts_of,
    uses_of,
)
from cameos.selectors.waiting import faces_waiting

__all__ = [
    "LISTED_RULE",
    "Reach",
    "Shown",
    "Stage",
    "Use",
    "accesses_of",
    "as_uses",
    "cameos_of",
    "cosigns_for",
    "faces_waiting",
    "handles_of",
    "lapsed",
    "listed",
    "listed_faces",
    "names_listed_in",
    "own_cameo",
    "protected_faces_of",
    "reach_of",
    "receipts_of",
    "relations_to",
    "same",
    "usable_cameos",
    "uses_of",
    "visible_cameo",
    "visible_cameos",
    "with_portraits",
]
