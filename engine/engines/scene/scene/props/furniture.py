"""What stands in rooms: seats, tables, containers, doors."""

import math

from engine.engines.scene.scene.props.workshop import (
    DARK,
    GROUND,
    STEEL,
    Hinge,
    Member,
    Prop,
    Workshop,
)
from engine.engines.scene.scene.solids import Part


def _legs(shop: Workshop, x: float, y: float, height: float, thick: float) -> list[Part]:
    return [
        shop.box((thick, thick, 0.5 * height), (i * x, j * y, 0.5 * height))
        for i in (-1, 1)
        for j in (-1, 1)
    ]


def chair(shop: Workshop) -> Prop:
    """Its back towards -x."""
    seat = shop.box((0.22, 0.22, 0.025), (0.0, 0.0, 0.45), pattern="wood")
    posts = [shop.box((0.02, 0.02, 0.26), (-0.2, y, 0.72)) for y in (-0.19, 0.19)]
    back = shop.box((0.015, 0.17, 0.12), (-0.2, 0.0, 0.84), pattern="wood")
    parts = (seat, *_legs(shop, 0.19, 0.19, 0.425, 0.02), *posts, back)
    return Prop((Member("", parts, kilograms=6.0),), seat=(0.02, 0.0, 0.475))


def sofa(shop: Workshop) -> Prop:
    """Two seats, soft."""
    parts = (
        shop.box((0.4, 0.8, 0.17), (0.0, 0.0, 0.22)),
        shop.box((0.34, 0.37, 0.06), (0.05, -0.38, 0.44)),
        shop.box((0.34, 0.37, 0.06), (0.05, 0.38, 0.44)),
        shop.box((0.11, 0.8, 0.2), (-0.32, 0.0, 0.66)),
        shop.box((0.4, 0.1, 0.13), (0.0, -0.87, 0.42)),
        shop.box((0.4, 0.1, 0.13), (0.0, 0.87, 0.42)),
        *(
            shop.tube(0.03, 0.025, (x, y, 0.025), colour=DARK)
            for x in (-0.3, 0.3)
            for y in (-0.7, 0.7)
        ),
    )
    return Prop((Member("", parts, kilograms=45.0),), seat=(0.05, 0.0, 0.5))


def bed(shop: Workshop) -> Prop:
    """A single bed, its head towards -x."""
    parts = (
        shop.box((1.0, 0.48, 0.1), (0.0, 0.0, 0.28), colour="#9a6233", pattern="wood"),
        shop.box((0.97, 0.46, 0.09), (0.0, 0.0, 0.47), colour="#f2f0ea", bounce=0.7),
        shop.box((0.68, 0.47, 0.03), (0.27, 0.0, 0.575)),
        shop.box((0.18, 0.34, 0.06), (-0.72, 0.0, 0.61), colour="#f7f4ec"),
        shop.box((0.03, 0.48, 0.4), (-1.03, 0.0, 0.5), colour="#9a6233", pattern="wood"),
        *(
            shop.box((0.03, 0.03, 0.09), (x, y, 0.09), colour="#9a6233")
            for x in (-0.9, 0.9)
            for y in (-0.42, 0.42)
        ),
    )
    return Prop((Member("", parts, kilograms=60.0),), seat=(0.1, 0.0, 0.605))


def _tub(shop: Workshop, radius: float, height: float, kg: float) -> Prop:
    """A round container of eight staves and a bottom."""
    wall = radius * math.tan(math.pi / 8) + 0.012
    staves = [
        shop.box(
            (0.012, wall, 0.5 * height),
            (radius * math.cos(a), radius * math.sin(a), 0.5 * height),
            turn=(0.0, 0.0, math.degrees(a)),
            pattern="wood",
        )
        for a in (math.tau * i / 8 for i in range(8))
    ]
    bottom = shop.tube(radius, 0.012, (0.0, 0.0, 0.012))
    return Prop((Member("", (*staves, bottom), kilograms=kg),), seat=(0.0, 0.0, 0.026))


def basket(shop: Workshop) -> Prop:
    """Wide enough for a ball."""
    return _tub(shop, 0.34, 0.42, 4.0)


def bucket(shop: Workshop) -> Prop:
    """Narrower and higher."""
    return _tub(shop, 0.28, 0.46, 3.0)


def open_box(shop: Workshop) -> Prop:
    """A box without a lid."""
    x, y, z, wall = 0.36, 0.36, 0.2, 0.012
    parts = (
        shop.box((x, y, wall), (0.0, 0.0, wall)),
        *(shop.box((wall, y, z), (i * x, 0.0, z), pattern="wood") for i in (-1, 1)),
        *(shop.box((x, wall, z), (0.0, i * y, z), pattern="wood") for i in (-1, 1)),
    )
    return Prop((Member("", parts, kilograms=5.0),), seat=(0.0, 0.0, 2.0 * wall + 0.002))


def door(shop: Workshop) -> Prop:
    """A frame with a leaf on hinges, a little open."""
    height, half = 2.05, 0.45
    frame = (
        *(
            shop.box((0.06, 0.05, 0.5 * height), (0.0, i * (half + 0.06), 0.5 * height))
            for i in (-1, 1)
        ),
        shop.box((0.06, half + 0.11, 0.05), (0.0, 0.0, height + 0.06)),
    )
    leaf = (
        shop.box(
            (0.02, half - 0.01, 0.5 * height - 0.02), (0.0, 0.0, 0.5 * height), pattern="wood"
        ),
        shop.ball(0.035, (-0.055, half - 0.09, 1.0), colour=STEEL),
        shop.ball(0.035, (0.055, half - 0.09, 1.0), colour=STEEL),
    )
    hinge = Hinge(
        "hinge",
        GROUND,
        "leaf",
        (0.0, -half, 0.5 * height),
        axis=(0.0, 0.0, 1.0),
        low=-110.0,
        high=110.0,
        angle=shop.swing_degrees,
        damping=2.0,
    )
    return Prop(
        (Member("leaf", leaf, kilograms=22.0), Member("frame", frame, is_fixed=True)), (hinge,)
    )


FURNITURE = {
    "chair": chair,
    "sofa": sofa,
    "bed": bed,
    "basket": basket,
    "bucket": bucket,
    "open_box": open_box,
    "door": door,
}
