"""Overlap: whether two bodies begin inside each other."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np

from engine.engines.scene.scene.solids import Body, Matrix, Part

SKIN = 1e-3  # m by which two bodies may seem to touch before that counts as an overlap
_AXES = np.eye(3)


def overlap(a: Body, b: Body) -> bool:
    """Whether two bodies share space; exact for balls and boxes, cautious for what is curved."""
    if math.dist(a.position, b.position) > _bound(a) + _bound(b):
        return False
    if a.is_round and b.is_round:
        return True
    others = [_placed(b, part) for part in b.parts]
    return any(
        float(np.linalg.norm(other.at - one.at)) < one.bound + other.bound
        and not _separable(one, other)
        for one in (_placed(a, part) for part in a.parts)
        for other in others
    )


def overlaps_any(body: Body, others: Iterable[Body]) -> bool:
    """Whether a body shares space with one of the others."""
    return any(overlap(body, other) for other in others)


def _bound(body: Body) -> float:
    return max(float(np.linalg.norm(part.at)) + part.bound for part in body.parts)


def _placed(body: Body, part: Part) -> Part:
    """The part as it is in the world."""
    turn = np.eye(3) if body.rotation is None else body.rotation
    at = np.array(body.position) + turn @ part.at
    return replace(part, at=at, rotation=turn @ part.rotation)


def _separable(a: Part, b: Part) -> bool:
    """Look for a plane between two convex parts (separating axis theorem, Gottschalk 1996)."""
    between = b.at - a.at
    for axis in _candidates(a.rotation, b.rotation, between):
        distance = float(axis @ between)
        towards = axis if distance >= 0.0 else -axis
        extent = a.extent(a.rotation.T @ towards) + b.extent(b.rotation.T @ -towards)
        if abs(distance) + SKIN >= extent:
            return True
    return False


def _candidates(a_turn: Matrix, b_turn: Matrix, between: Matrix) -> Iterator[Matrix]:
    yield from _AXES
    length = float(np.linalg.norm(between))
    if length > 1e-9:
        yield between / length
    yield from a_turn.T
    yield from b_turn.T
    for i in range(3):
        for j in range(3):
            across = np.cross(a_turn[:, i], b_turn[:, j])
            length = float(np.linalg.norm(across))
            if length > 1e-6:
                yield across / length
