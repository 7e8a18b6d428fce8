"""Relations: where something is in respect of something else that has its place already."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from engine.engines.scene.language.vocabulary import Vector
from engine.engines.scene.scene.overlap import overlaps_any
from engine.engines.scene.scene.solids import Body
from engine.engines.scene.scene.things import Thing

GAP = 0.02  # m between things that are said to touch, so that they begin at rest
BESIDE = 0.25  # m between things that are next to each other
CONTAINERS = frozenset({"basket", "bucket", "open_box", "hoop", "goal", "boat", "sailboat"})
ALIASES = {
    "in_front_of": "in front of",
    "front": "in front of",
    "next_to": "next to",
    "beside": "next to",
    "near": "next to",
    "by": "next to",
    "onto": "on",
    "on top of": "on",
    "above": "over",
    "below": "under",
    "beneath": "under",
    "underneath": "under",
    "inside": "in",
    "leaning": "against",
}


@dataclass(frozen=True, slots=True)
class Anchor:
    """What others are placed by."""

    things: list[Thing]
    second: list[Thing]  # of "between": the other side


def relation_name(said: str) -> str:
    """The one name of a relation."""
    return ALIASES.get(said, said.replace("_", " "))


def related(bodies: list[Body], kind: str, anchor: Anchor) -> list[Body]:
    """Put arranged bodies, at the origin and on the ground, where the relation wants them.

    The first of a kind is by the first of the anchor's things, the second by the second, and so on;
    when the anchor is one thing, they share it.
    """
    placed: list[Body] = []
    count = len(anchor.things)
    for i, body in enumerate(bodies):
        host = anchor.things[i % count]
        order = i // count
        share = len(range(i % count, len(bodies), count))
        other = (anchor.second or anchor.things[1:] or [host])[0]
        at = PLACERS[kind](body, host, other, (order, share))
        body = replace(body, position=at)  # noqa: PLW2901
        if kind in {"on", "in", "into"}:
            body = _lifted(body, placed)  # noqa: PLW2901
        placed.append(body)
    return placed


def _lifted(body: Body, placed: list[Body]) -> Body:
    for _ in range(60):
        if not overlaps_any(body, placed):
            break
        x, y, z = body.position
        body = replace(body, position=(x, y, z + 0.25 * body.girth))
    return body


def _spread(body: Body, share: tuple[int, int]) -> float:
    """Metres to the side of the middle, for the n-th of several."""
    order, count = share
    return (order - 0.5 * (count - 1)) * 2.1 * body.girth


def _on(body: Body, host: Thing, _other: Thing, share: tuple[int, int]) -> Vector:
    x, y, z = host.top
    aside = _spread(body, share)
    if abs(aside) + body.girth > _half_width(host) and share[1] > 1:
        aside = 0.0  # they will be lifted onto each other
    side_x, side_y = _long_side(host)
    return (x + aside * side_x, y + aside * side_y, z + body.foot + 0.002)


def _half_width(host: Thing) -> float:
    x, y = _long_side(host)
    return host.hull.reach(x, y, 0.0)


def _long_side(host: Thing) -> tuple[float, float]:
    """Unit direction along which the host is long."""
    angles = [math.pi * i / 12 for i in range(12)]
    widest = max(angles, key=lambda a: host.hull.reach(math.cos(a), math.sin(a), 0.0))
    return math.cos(widest), math.sin(widest)


def _under(body: Body, host: Thing, _other: Thing, share: tuple[int, int]) -> Vector:
    x, y, _ = host.hull.position
    here = (x + _spread(body, share), y, body.foot)
    if not overlaps_any(replace(body, position=here), [host.hull]):
        return here
    return (x + _spread(body, share), _front(host, body) - GAP, body.foot)


def _front(host: Thing, body: Body) -> float:
    """The y at which a body stands just before the host, as the camera sees it."""
    trunk = host.hull.reach(0.0, -1.0, 0.0)
    if host.subject.kind.is_scenery:  # under a tree is by its trunk, not out from under its crown
        trunk = min(trunk, host.hull.parts[0].reach(np.array((0.0, -1.0, 0.0))) + 0.05)
    return host.hull.position[1] - trunk - body.reach(0.0, 1.0, 0.0)


def _behind(body: Body, host: Thing, _other: Thing, share: tuple[int, int]) -> Vector:
    x, y, _ = host.hull.position
    away = host.hull.reach(0.0, 1.0, 0.0) + body.reach(0.0, -1.0, 0.0) + BESIDE
    # A little to the side, or nobody would see that there is somebody.
    peek = 0.6 * host.hull.reach(1.0, 0.0, 0.0)
    return (x + peek + _spread(body, share), y + away, body.foot)


def _before(body: Body, host: Thing, _other: Thing, share: tuple[int, int]) -> Vector:
    x, y, _ = host.hull.position
    away = host.hull.reach(0.0, -1.0, 0.0) + body.reach(0.0, 1.0, 0.0) + BESIDE
    return (x + _spread(body, share), y - away, body.foot)


def _beside(body: Body, host: Thing, _other: Thing, share: tuple[int, int]) -> Vector:
    x, y, _ = host.hull.position
    order, _count = share
    side = -1.0 if order % 2 else 1.0
    away = host.hull.reach(side, 0.0, 0.0) + body.reach(-side, 0.0, 0.0) + BESIDE
    return (x + side * (away + (order // 2) * 2.1 * body.girth), y, body.foot)


def _against(body: Body, host: Thing, _other: Thing, share: tuple[int, int]) -> Vector:
    x, y, _ = host.hull.position
    away = host.hull.reach(-1.0, 0.0, 0.0) + body.reach(1.0, 0.0, 0.0) + GAP
    return (x - away, y + _spread(body, share), body.foot)


def _between(body: Body, host: Thing, other: Thing, share: tuple[int, int]) -> Vector:
    (ax, ay, _), (bx, by, _) = host.hull.position, other.hull.position
    return (0.5 * (ax + bx) + _spread(body, share), 0.5 * (ay + by), body.foot)


def _into(body: Body, host: Thing, _other: Thing, share: tuple[int, int]) -> Vector:
    """Above its opening, from where it falls in."""
    x, y, _ = host.top
    top = host.hull.position[2] + host.hull.reach(0.0, 0.0, 1.0)
    order, _count = share
    aside, angle = (0.3 * body.girth if order else 0.0), 2.4 * order  # or they would pile up
    return (
        x + aside * math.cos(angle),
        y + aside * math.sin(angle),
        top + body.foot + 0.35 + 2.3 * order * body.girth,
    )


def _over(body: Body, host: Thing, _other: Thing, share: tuple[int, int]) -> Vector:
    x, y, _ = host.hull.position
    top = host.hull.position[2] + host.hull.reach(0.0, 0.0, 1.0)
    return (x + _spread(body, share), y, top + body.foot + 0.4)


Placer = Callable[[Body, Thing, Thing, tuple[int, int]], Vector]

PLACERS: dict[str, Placer] = {
    "on": _on,
    "in": _on,  # the seat of a container is its floor; what is solid carries it on top
    "into": _into,
    "under": _under,
    "behind": _behind,
    "in front of": _before,
    "next to": _beside,
    "against": _against,
    "between": _between,
    "at": _beside,
    "towards": _beside,
    "around": _beside,
    "over": _over,
}
