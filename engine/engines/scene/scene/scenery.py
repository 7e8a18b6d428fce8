"""Scenery: what stands behind and beside the action, never before it."""

import math
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

import numpy as np

from engine.engines.scene.language.script import Subject
from engine.engines.scene.language.vocabulary import Place, vocabulary
from engine.engines.scene.scene import plans
from engine.engines.scene.scene.cast import make_cast
from engine.engines.scene.scene.islets import is_landbound, on_islet
from engine.engines.scene.scene.overlap import overlaps_any
from engine.engines.scene.scene.sets import (
    CURTAIN_AT,
    ROOM_FRONT,
    ROOM_HALF_WIDTH,
    SHORE_AT,
)
from engine.engines.scene.scene.solids import Body, Matrix, turned
from engine.engines.scene.scene.things import Thing, chance, moved, resting_height

NEAREST_ASKED, NEAREST = 1.7, 2.8  # m behind the middle: of what is asked for, and of the rest
CLEARANCE = 1.2  # m between scenery and the way of anybody
FURTHEST = 14.0  # m behind the middle, where nothing else is in the way
SECONDS_AHEAD = 1.5  # for which what is pushed or thrown goes on as it begins
FACES_CAMERA = frozenset({"house", "building", "sign", "bench", "door", "goal"})


def make_scenery(
    asked: list[Subject], place: Place, seed: int, *, around: list[Thing]
) -> list[Thing]:
    """Make and place the set: what the prompt names before what the place has by itself.

    Args:
        asked: scenery that the prompt names.
        place: where it is.
        seed: of its chance.
        around: the things that act; nothing stands in one, in its way, or before it.
    """
    words = vocabulary()
    rng = chance(seed, place.name, "scenery")
    usual = [
        Subject(words.subjects[name], count=2, name=f"{place.name} {name} {i + 1}")
        for i, name in enumerate(place.scenery)
    ]
    named = make_cast(asked, seed)
    things = [thing for group in named for thing in group]
    others = [group[0] for group in make_cast(usual, seed)]
    things, others = (
        [on_islet(t) if is_landbound(t, place) else t for t in group] for group in (things, others)
    )
    hulls = [thing.hull for thing in around]
    ways = [way for thing in around for way in _ways(thing)]
    placed: list[Thing] = []
    for is_asked, thing in [(True, t) for t in things] + [(False, t) for t in others]:
        hull = _placed(thing, len(placed), place, rng, is_asked=is_asked)
        hull = _out_of_the_way(hull, ways, place)
        while overlaps_any(hull, [*hulls, *(other.hull for other in placed)]):
            hull = moved(hull, 0.3 if hull.position[0] >= 0.0 else -0.3, 0.05)
        placed.append(thing.moved_to(replace(hull, is_fixed=not place.water or hull.is_fixed)))
    return placed


def _ways(thing: Thing) -> Iterator[Matrix]:
    """Points on the ground, close together, over which a thing will go."""
    start = np.array(thing.hull.position[:2])
    goals = [act.towards for act in thing.plan if act.towards and act.action in plans.TRAVELS]
    stops = [start, *(np.array(goal[:2]) for goal in goals)]
    if not goals:
        stops.append(start + SECONDS_AHEAD * np.array(thing.hull.velocity[:2]))
    for here, there in pairwise(stops):
        steps = max(1, math.ceil(float(np.linalg.norm(there - here)) / 0.5))
        yield from np.linspace(here, there, steps + 1)


def _out_of_the_way(hull: Body, ways: list[Matrix], place: Place) -> Body:
    """Back until it is behind all who pass by it; where the place ends, aside."""
    end = _end_of(place)
    for _ in range(80):
        x, y, _ = hull.position
        wide, near = hull.girth, y - hull.reach(0.0, -1.0, 0.0)
        passing = [way for way in ways if abs(way[0] - x) < wide + CLEARANCE]
        if all(way[1] + CLEARANCE <= near for way in passing):
            return hull
        if y + hull.reach(0.0, 1.0, 0.0) + 0.3 < end:
            hull = moved(hull, 0.0, 0.2)
        else:
            hull = moved(hull, 0.2 if x >= 0.0 else -0.2)
    return hull


def _end_of(place: Place) -> float:
    """The y behind which nothing stands."""
    if place.shore:
        return SHORE_AT - 1.5
    ends = {"curtain": CURTAIN_AT, "room": ROOM_FRONT}
    return ends.get(place.backdrop, FURTHEST)


def _placed(
    thing: Thing, order: int, place: Place, rng: np.random.Generator, *, is_asked: bool
) -> Body:
    """Left and right in turn, each further back; as much behind as it is big."""
    hull = thing.hull
    side = -1.0 if order % 2 == 0 else 1.0
    big = hull.girth
    x = side * (1.0 + 0.55 * (order // 2) + float(rng.uniform(0.0, 0.5)) + 0.6 * big)
    y = (NEAREST_ASKED if is_asked else NEAREST) + 0.8 * order + float(rng.uniform(0.0, 0.8)) + big
    y = min(y, _end_of(place) - hull.reach(0.0, 1.0, 0.0) - 0.1)
    if place.backdrop == "room":
        edge = ROOM_HALF_WIDTH - big - 0.1
        x = min(max(x, -edge), edge)
    yaw = 0.0 if is_asked or thing.kind in FACES_CAMERA else float(rng.uniform(0.0, 360.0))
    turn = turned((0.0, 0.0, yaw))
    height = -thing.origin[2] if hull.is_fixed else resting_height(hull, place)
    return replace(hull, position=(x, y, height), rotation=turn)
