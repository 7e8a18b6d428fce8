"""Arrangements: equal bodies that stand on the ground, touching nothing they do not rest on."""

import math
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from engine.engines.scene.language.script import Subject
from engine.engines.scene.scene.solids import Body, turned
from engine.engines.scene.scene.things import moved

GOLDEN_ANGLE = 2.39996  # rad
SPACING = 0.44  # of its height: how far each of a row of dominoes is before the next
WINDING, WINDS = 0.84, 0.85  # rad to either side; rad a height: the row is a sine-generated curve
INWARDS = math.radians(
    42.0
)  # once the stage is turned, the row leads straight away from the camera
TURN_IN = 1.7  # heights within which it turns there; its first ones stand across the run of a ball


def arranged(bodies: list[Body], subject: Subject) -> list[Body]:
    """Put them into the subject's arrangement, around the origin and on the ground.

    A row of dominoes at which something is aimed begins at the origin.
    """
    placed = list(ARRANGEMENTS[arrangement_of(subject, bodies)](bodies))
    if subject.is_target or not is_slender(bodies[0]) or len(bodies) < 2:
        return placed
    middle = np.mean([body.position for body in placed], axis=0)
    return [moved(body, -middle[0], -middle[1]) for body in placed]


def arrangement_of(subject: Subject, bodies: list[Body]) -> str:
    """The asked arrangement, else the one in which such things stand by themselves."""
    if subject.arrangement in ARRANGEMENTS:
        return subject.arrangement
    is_pile = subject.is_target and not (bodies[0].is_round or bodies[0].is_upright)
    piles = is_pile or subject.action == "topple"
    return "stack" if piles and len(bodies) > 1 and len(bodies[0].parts) < 5 else "group"


def is_slender(body: Body) -> bool:
    """Whether it is so thin that a push along x lets it fall: a domino, a book on its edge."""
    return body.reach(1, 0, 0) < 0.4 * body.foot


def _standing(body: Body, x: float, y: float, z: float = 0.0) -> Body:
    return replace(body, position=(x, y, z + body.foot))


def _group(bodies: list[Body]) -> Iterator[Body]:
    """A sunflower head: evenly spread around the middle."""
    room = 2.3 * max(b.girth for b in bodies)
    for i, body in enumerate(bodies):
        angle, far = GOLDEN_ANGLE * i, room * math.sqrt(i)
        yield _standing(body, far * math.cos(angle), far * math.sin(angle))


def _row(bodies: list[Body]) -> Iterator[Body]:
    """Along x; thin ones in bends, so close that each reaches the next when it falls."""
    if not is_slender(bodies[0]):
        gap = max(2.3 * body.reach(1, 0, 0) for body in bodies)
        for i, body in enumerate(bodies):
            yield _standing(body, (i - 0.5 * (len(bodies) - 1)) * gap, 0.0)
        return
    yield from _winding(bodies)


def _winding(bodies: list[Body]) -> Iterator[Body]:
    """Dominoes in bends (Langbein and Leopold's curve of a river), the first one near."""
    tall = 2.0 * bodies[0].foot
    gap = max(2.15 * bodies[0].reach(1, 0, 0), SPACING * tall)
    spots, x, y = [], 0.0, 0.0
    for i in range(len(bodies)):
        far = i * gap / tall
        inwards = INWARDS * min(far / TURN_IN, 1.0)
        heading = inwards - WINDING * math.sin(WINDS * far)
        spots.append((x, y, heading))
        x, y = x + gap * math.cos(heading), y + gap * math.sin(heading)
    for body, (x, y, heading) in zip(bodies, spots, strict=True):
        at = _standing(body, x, y)
        yield replace(at, rotation=turned((0.0, 0.0, math.degrees(heading))))


def _stack(bodies: list[Body]) -> Iterator[Body]:
    """A tower: one on the other up to twelve, then two by two, three by three."""
    n = len(bodies)
    side = 1 if n <= 12 else 2 if n <= 28 else 3
    yield from _levels(bodies, [side * side] * n)


def _pyramid(bodies: list[Body]) -> Iterator[Body]:
    base = next(m for m in range(1, 9) if m * (m + 1) * (2 * m + 1) // 6 >= len(bodies))
    yield from _levels(bodies, [m * m for m in range(base, 0, -1)])


def _levels(bodies: list[Body], per_level: list[int]) -> Iterator[Body]:
    width = 2.04 * max(b.girth for b in bodies)
    left, height = list(bodies), 0.0
    for room in per_level:
        level, left = left[:room], left[room:]
        side = math.isqrt(room)
        for i, body in enumerate(level):
            x, y = (i % side - 0.5 * (side - 1)) * width, (i // side - 0.5 * (side - 1)) * width
            yield _standing(body, x, y, height)
        if not left:
            return
        height += max(body.foot + body.reach(0, 0, 1) for body in level) + 0.001
    yield from (_standing(body, width * (i + 2), 0.0) for i, body in enumerate(left))


def _wall(bodies: list[Body]) -> Iterator[Body]:
    """Across x, in courses of at most five, each shifted by half a body."""
    across = 2.04 * max(body.reach(0, 1, 0) for body in bodies)
    long = min(5, math.ceil(math.sqrt(1.3 * len(bodies))))
    height = 0.0
    for start in range(0, len(bodies), long):
        course = bodies[start : start + long]
        shift = 0.25 if start // long % 2 else -0.25
        for i, body in enumerate(course):
            y = (i - 0.5 * (len(course) - 1) + (shift if len(course) == long else 0.0)) * across
            yield _standing(body, 0.0, y, height)
        height += max(body.foot + body.reach(0, 0, 1) for body in course) + 0.001


def _triangle(bodies: list[Body]) -> Iterator[Body]:
    """Bowling order, its point towards -x."""
    gap = 3.1 * max(b.girth for b in bodies)
    i, line = 0, 1
    while i < len(bodies):
        for j in range(min(line, len(bodies) - i)):
            yield _standing(bodies[i + j], 0.866 * gap * (line - 1), gap * (j - 0.5 * (line - 1)))
        i, line = i + line, line + 1


ARRANGEMENTS: dict[str, Callable[[list[Body]], Iterator[Body]]] = {
    "group": _group,
    "row": _row,
    "stack": _stack,
    "wall": _wall,
    "pyramid": _pyramid,
    "triangle": _triangle,
}
