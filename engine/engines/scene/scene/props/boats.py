"""What floats and carries: hulls lighter than the water that they push aside."""

import math

from engine.engines.scene.scene.props.workshop import DARK, Member, Prop, Workshop
from engine.engines.scene.scene.solids import Part


def _board(shop: Workshop, length: float, width: float, thick: float, kg: float) -> Prop:
    """A flat middle between a round nose and tail, with a pad to stand on."""
    half, side = 0.5 * length, 0.47 * width
    parts = (
        shop.box((0.66 * half, side, 0.5 * thick), (0.0, 0.0, 0.5 * thick)),
        *(
            shop.egg((0.34 * half, side, 0.5 * thick), (end * 0.66 * half, 0.0, 0.5 * thick))
            for end in (-1, 1)
        ),
        shop.box((0.5 * half, 0.36 * width, 0.01), (-0.05 * half, 0.0, thick), colour=shop.second),
    )
    return Prop((Member("", parts, kilograms=kg),), seat=(0.0, 0.0, thick + 0.01))


def paddleboard(shop: Workshop) -> Prop:
    """So thick that it carries a person dry."""
    return _board(shop, 3.2, 0.95, 0.16, 14.0)


def surfboard(shop: Workshop) -> Prop:
    """Shorter and thinner."""
    return _board(shop, 2.4, 0.7, 0.15, 7.0)


def raft(shop: Workshop) -> Prop:
    """Logs under two cross beams."""
    logs = [
        shop.tube(0.14, 1.1, (0.0, y, 0.14), turn=(0.0, 90.0, 0.0), pattern="wood")
        for y in (-0.58, -0.29, 0.0, 0.29, 0.58)
    ]
    beams = [shop.box((0.07, 0.7, 0.025), (x, 0.0, 0.3), colour="#7a5a34") for x in (-0.75, 0.75)]
    return Prop((Member("", (*logs, *beams), kilograms=130.0),), seat=(0.0, 0.0, 0.29))


def _hull(shop: Workshop, half: float, beam: float, height: float) -> tuple[Part, ...]:
    """A flat bottom, sides that run together in a bow, a stern, and a rim on all of them."""
    shoulder, wall, up = 0.35 * half, 0.025, 0.5 * height
    flank, bow = 0.5 * (half + shoulder), 0.5 * math.hypot(half - shoulder, beam)
    angle = math.degrees(math.atan2(beam, half - shoulder))
    middle, along = 0.5 * (shoulder - half), 0.5 * (half + shoulder)
    sides: list[Part] = []
    for z, deep, colour in ((up, up, None), (height + 0.015, 0.02, shop.second)):
        thick = wall if colour is None else wall + 0.015
        for side in (-1, 1):
            sides += [
                shop.box((flank, thick, deep), (middle, side * beam, z), colour=colour),
                shop.box(
                    (bow, thick, deep),
                    (along, side * 0.5 * beam, z),
                    turn=(0.0, 0.0, -side * angle),
                    colour=colour,
                ),
            ]
        sides.append(shop.box((thick, beam, deep), (-half, 0.0, z), colour=colour))
    floor = (
        shop.box((flank, beam, 0.05), (middle, 0.0, 0.05)),
        shop.box((0.18 * half, 0.7 * beam, 0.05), (shoulder + 0.12 * half, 0.0, 0.05)),
        shop.box((0.16 * half, 0.38 * beam, 0.05), (shoulder + 0.34 * half, 0.0, 0.05)),
    )
    return (*floor, *sides)


def boat(shop: Workshop) -> Prop:
    """A rowing boat with two benches."""
    hull = _hull(shop, 1.5, 0.56, 0.46)
    benches = [
        shop.box((0.14, 0.54, 0.02), (x, 0.0, 0.32), colour="#c9a063", pattern="wood")
        for x in (-0.75, 0.1)
    ]
    prop = Member("", (*hull, *benches), kilograms=120.0)
    return Prop((prop,), seat=(-0.75, 0.0, 0.34), actor="boat")


def sailboat(shop: Workshop) -> Prop:
    """A rowing boat's hull with a mast, two sails, and lead in its keel."""
    wood, cloth = "#c9a063", "#f7f4ec"
    parts = (
        *_hull(shop, 1.7, 0.62, 0.5),
        shop.rod((0.2, 0.0, 0.1), (0.2, 0.0, 3.7), 0.035, colour=wood),
        shop.rod((0.2, 0.0, 0.8), (-1.25, 0.0, 0.8), 0.025, colour=wood),
        shop.egg((0.52, 0.012, 1.36), (-0.38, 0.0, 2.15), turn=(0.0, 9.0, 0.0), colour=cloth),
        shop.egg((0.34, 0.01, 1.12), (0.72, 0.0, 1.75), turn=(0.0, -17.0, 0.0), colour=cloth),
        shop.box((0.35, 0.03, 0.06), (-0.1, 0.0, -0.05), colour=DARK, material="steel"),
    )
    prop = Member("", parts, kilograms=300.0)
    return Prop((prop,), seat=(-0.95, 0.0, 0.12), actor="boat")


BOATS = {
    "paddleboard": paddleboard,
    "surfboard": surfboard,
    "raft": raft,
    "boat": boat,
    "sailboat": sailboat,
}
