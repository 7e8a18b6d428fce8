"""Islets: the land under whatever belongs on land where there is nothing but water."""

from dataclasses import replace

import numpy as np

from engine.engines.scene.language.vocabulary import Place, linear, vocabulary
from engine.engines.scene.scene.solids import Part
from engine.engines.scene.scene.things import Thing

WIDE, TALL = 2.1, 0.9  # of the girth of what stands on it; m to either side of its middle
OUT = 0.32  # m that its top stands out of the water
STUFF = "stone"


def is_landbound(thing: Thing, place: Place) -> bool:
    """Whether it would float or sink, but nobody expects a house or a tree to."""
    is_scenery = vocabulary().subjects[thing.kind].is_scenery
    is_at_rest = thing.subject.action in {None, "rest"}
    return place.water and is_scenery and is_at_rest and len(thing.bodies) == 1


def on_islet(thing: Thing) -> Thing:
    """The same thing, fixed on a rock of its own that stands out of the water around it."""
    hull = thing.hull
    wide, foot = WIDE * hull.girth, hull.foot
    stone = vocabulary().materials[STUFF]
    rock = Part(
        shape="ellipsoid",
        size=(wide, 0.85 * wide, TALL),
        at=np.array((0.0, 0.0, 0.04 - foot - TALL)),  # it does not float over the roundness
        rotation=np.eye(3),
        material=stone,
        colour=linear("#7d776c"),
        second=linear("#5d584f"),
        pattern="rough",
        glow=0.0,
    )
    whole = replace(hull, parts=(*hull.parts, rock), is_fixed=True)
    origin = (0.0, 0.0, -foot - OUT)
    return replace(thing, hull=whole, bodies=(whole,), is_standing=True, origin=origin)
