"""Reads about cameos, also for the apps above."""

from cameos.selectors.cameos import (
    cameos_of,
    own_cameo,
    relations_to,
    visible_cameo,
    visible_cameos,
)

__all__ = [
    "cameos_of",
    "own_cameo",
    "relations_to",
    "visible_cameo",
    "visible_cameos",
]
