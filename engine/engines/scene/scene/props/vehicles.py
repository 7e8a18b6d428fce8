"""What drives: a chassis on wheels that turn on hinges, with the motors in the hinges.

Whoever drives them knows the wheels by the names of their joints.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from engine.engines.scene.language.vocabulary import Vector
from engine.engines.scene.scene.props.workshop import (
    DARK,
    GLASS,
    LIGHT,
    RUBBER,
    STEEL,
    Hinge,
    Member,
    Prop,
    Workshop,
)
from engine.engines.scene.scene.solids import Part

CORNERS = (
    ("front_left", 1.0, 1.0),
    ("front_right", 1.0, -1.0),
    ("rear_left", -1.0, 1.0),
    ("rear_right", -1.0, -1.0),
)


@dataclass(frozen=True, slots=True)
class _Axles:
    """Where four wheels are: `base` and `track` are half the distances between them."""

    base: float
    track: float
    radius: float
    half_width: float
    kilograms: float
    torque: float  # N·m each


def _wheel(shop: Workshop, radius: float, half: float) -> tuple[Part, ...]:
    return (
        shop.tube(
            radius,
            half,
            (0.0, 0.0, 0.0),
            turn=(90.0, 0.0, 0.0),
            colour=RUBBER,
            second=STEEL,
            material="rubber",
            pattern="coin",
            bounce=0.2,
        ),
    )


def _rolling(
    shop: Workshop, parts: tuple[Part, ...], kg: float, axles: _Axles, **more: Any
) -> Prop:
    """A chassis with four wheels."""
    members, hinges = [Member("", parts, kilograms=kg)], []
    for corner, along, aside in CORNERS:
        at = (along * axles.base, aside * axles.track, axles.radius)
        wheel = _wheel(shop, axles.radius, axles.half_width)
        name = f"{corner}_wheel"
        members.append(Member(name, _shifted(wheel, at, shop), kilograms=axles.kilograms))
        hinges.append(Hinge(name, "", name, at, strength=axles.torque))
    return Prop(tuple(members), tuple(hinges), **more)


def _shifted(parts: tuple[Part, ...], at: Vector, shop: Workshop) -> tuple[Part, ...]:
    shift = shop.subject.scale * np.array(at)
    return tuple(replace(part, at=part.at + shift) for part in parts)


def car(shop: Workshop) -> Prop:
    """A small town car, three metres long; without a roof when somebody sits in it."""
    axles = _Axles(0.95, 0.62, 0.29, 0.1, 14.0, 160.0)
    ends = (
        shop.box((0.05, 0.6, 0.06), (1.5, 0.0, 0.4), colour=STEEL),
        shop.box((0.05, 0.6, 0.06), (-1.5, 0.0, 0.4), colour=STEEL),
        *(shop.ball(0.1, (1.42, y, 0.62), colour=LIGHT, glow=1.2) for y in (-0.45, 0.45)),
        *(
            shop.box((0.02, 0.09, 0.06), (-1.51, y, 0.6), colour="#d8201a", glow=0.8)
            for y in (-0.5, 0.5)
        ),
        shop.egg((0.5, 0.64, 0.26), (1.02, 0.0, 0.6)),
        shop.egg((0.42, 0.64, 0.3), (-1.12, 0.0, 0.62)),
        shop.box((0.3, 0.57, 0.015), (0.66, 0.0, 0.88), turn=(0.0, 47.0, 0.0), colour=GLASS),
    )
    if shop.is_open:
        tub = (
            shop.box((1.5, 0.66, 0.08), (0.0, 0.0, 0.36)),
            *(shop.box((1.5, 0.05, 0.13), (0.0, y, 0.57)) for y in (-0.61, 0.61)),
            *(shop.box((0.4, 0.6, 0.13), (x, 0.0, 0.57)) for x in (-1.1, 1.1)),
            shop.box((0.06, 0.5, 0.26), (-0.55, 0.0, 0.7), colour="#6b4a2c"),
        )
        return _rolling(shop, (*tub, *ends), 600.0, axles, seat=(-0.3, 0.0, 0.46), actor="car")
    cabin = (
        shop.box((1.5, 0.66, 0.2), (0.0, 0.0, 0.5)),
        shop.box((0.78, 0.58, 0.2), (-0.22, 0.0, 0.9), colour=GLASS),
        shop.box((0.62, 0.59, 0.03), (-0.26, 0.0, 1.12)),
        *(shop.box((0.035, 0.595, 0.2), (x, 0.0, 0.91)) for x in (-0.95, -0.2)),
    )
    return _rolling(shop, (*cabin, *ends), 700.0, axles, seat=(-0.3, 0.0, 1.15), actor="car")


def truck(shop: Workshop) -> Prop:
    """A cab before a box."""
    parts = (
        shop.box((1.85, 0.6, 0.1), (0.0, 0.0, 0.55), colour=DARK),
        shop.box((0.48, 0.74, 0.5), (1.4, 0.0, 1.1)),
        shop.box((0.02, 0.66, 0.24), (1.885, 0.0, 1.3), colour=GLASS),
        *(shop.box((0.26, 0.01, 0.2), (1.5, y, 1.32), colour=GLASS) for y in (-0.75, 0.75)),
        shop.box((1.3, 0.78, 0.75), (-0.5, 0.0, 1.42), colour=shop.second),
        shop.box((0.04, 0.72, 0.08), (1.9, 0.0, 0.55), colour=STEEL),
        *(shop.ball(0.09, (1.86, y, 0.75), colour=LIGHT, glow=1.2) for y in (-0.52, 0.52)),
    )
    axles = _Axles(1.2, 0.64, 0.36, 0.12, 30.0, 420.0)
    return _rolling(shop, parts, 2000.0, axles, seat=(-0.5, 0.0, 2.18), actor="car")


def bus(shop: Workshop) -> Prop:
    """One long box with a row of windows."""
    parts = (
        shop.box((2.2, 0.8, 0.78), (0.0, 0.0, 1.2)),
        shop.box((2.21, 0.81, 0.25), (0.0, 0.0, 1.5), colour=GLASS),
        *(shop.box((0.04, 0.815, 0.25), (x, 0.0, 1.5)) for x in (-1.5, -0.75, 0.0, 0.75, 1.5)),
        shop.box((2.215, 0.812, 0.05), (0.0, 0.0, 1.05), colour=shop.second),
        *(shop.ball(0.09, (2.17, y, 0.65), colour=LIGHT, glow=1.2) for y in (-0.55, 0.55)),
    )
    axles = _Axles(1.35, 0.68, 0.36, 0.12, 30.0, 500.0)
    return _rolling(shop, parts, 3200.0, axles, seat=(0.0, 0.0, 2.0), actor="car")


def skateboard(shop: Workshop) -> Prop:
    """A deck on four small wheels without motors."""
    parts = (
        shop.box((0.3, 0.11, 0.012), (0.0, 0.0, 0.13), pattern="wood"),
        *(
            shop.box((0.08, 0.11, 0.012), (x, 0.0, 0.152), turn=(0.0, tilt, 0.0))
            for x, tilt in ((0.37, -22.0), (-0.37, 22.0))
        ),
        *(shop.box((0.04, 0.03, 0.02), (x, 0.0, 0.095), colour=STEEL) for x in (-0.24, 0.24)),
    )
    axles = _Axles(0.24, 0.09, 0.055, 0.025, 0.25, 0.0)
    return _rolling(shop, parts, 3.0, axles, seat=(0.0, 0.0, 0.143), actor="skateboard")


def bike(shop: Workshop) -> Prop:
    """A frame between two wheels; it is held upright as by a rider who balances."""
    radius, base = 0.33, 0.52
    hub_f, hub_r, crank = (base, 0.0, radius), (-base, 0.0, radius), (-0.06, 0.0, 0.3)
    head, saddle = (0.36, 0.0, 0.82), (-0.2, 0.0, 0.82)
    parts = (
        shop.rod(crank, head, 0.022),
        shop.rod(crank, saddle, 0.022),
        shop.rod(saddle, head, 0.022),
        *(shop.rod((hub_r[0], y, hub_r[2]), saddle, 0.013) for y in (-0.05, 0.05)),
        *(shop.rod((hub_f[0], y, hub_f[2]), head, 0.015, colour=STEEL) for y in (-0.05, 0.05)),
        shop.rod(head, (0.32, 0.0, 1.0), 0.018, colour=STEEL),
        shop.rod((0.3, -0.26, 1.0), (0.3, 0.26, 1.0), 0.016, colour=DARK),
        shop.egg((0.14, 0.07, 0.03), (-0.22, 0.0, 0.9), colour=DARK),
        shop.tube(0.09, 0.008, (-0.06, -0.04, 0.3), turn=(90.0, 0.0, 0.0), colour=STEEL),
    )
    frame = Member("", parts, kilograms=11.0, is_upright=True)
    members, hinges = [frame], []
    for name, hub, torque in (
        ("front_wheel", hub_f, 0.0),
        ("rear_wheel", hub_r, 40.0),
    ):
        rim = _shifted(_wheel(shop, radius, 0.02), hub, shop)
        members.append(Member(name, rim, kilograms=1.5))
        hinges.append(Hinge(name, "", name, hub, strength=torque))
    return Prop(tuple(members), tuple(hinges), seat=(-0.22, 0.0, 0.93), actor="bike")


VEHICLES = {
    "car": car,
    "truck": truck,
    "bus": bus,
    "skateboard": skateboard,
    "bike": bike,
}
