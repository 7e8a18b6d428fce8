"""What stands along streets: lamps, signs, buildings; and what hangs in the air above."""

from engine.engines.scene.scene.props.workshop import DARK, GLASS, Member, Prop, Workshop
from engine.engines.scene.scene.solids import Decal


def street_lamp(shop: Workshop) -> Prop:
    """A post with an arm and a lamp."""
    parts = (
        shop.tube(0.13, 0.12, (0.0, 0.0, 0.12)),
        shop.rod((0.0, 0.0, 0.05), (0.0, 0.0, 3.3), 0.045),
        shop.rod((0.0, 0.0, 3.26), (0.5, 0.0, 3.42), 0.03),
        shop.egg((0.2, 0.09, 0.06), (0.62, 0.0, 3.42)),
        shop.egg((0.15, 0.07, 0.05), (0.62, 0.0, 3.38), colour="#fff0c0", glow=2.5),
    )
    return Prop((Member("", parts, is_fixed=True),))


def sign(shop: Workshop) -> Prop:
    """A board with words on two posts, wider for longer words."""
    text = shop.subject.text or ""
    half = min(max(0.45, 0.075 * len(text)), 1.3)
    decal = Decal("text", text) if text else None
    parts = (
        shop.box((half, 0.025, 0.3), (0.0, -0.03, 1.35), decal=decal),
        *(
            shop.rod((x, 0.02, 0.03), (x, 0.02, 1.62), 0.03, colour="#6b4a2c")
            for x in (-0.75 * half, 0.75 * half)
        ),
    )
    return Prop((Member("", parts, is_fixed=True),))


def building(shop: Workshop) -> Prop:
    """Four floors of windows over a shop front; its front along -y."""
    half, deep, floors, storey = 2.0, 1.6, 4, 1.5
    high = storey * (floors + 1)
    rows = [
        shop.box(
            (0.3, 0.03, 0.42),
            (x, -deep - 0.005, storey * (floor + 1.5)),
            colour="#ffdf9a" if (floor * 3 + column) % 4 == 1 else GLASS,
            glow=0.9 if (floor * 3 + column) % 4 == 1 else 0.0,
        )
        for floor in range(floors)
        for column, x in enumerate((-1.25, 0.0, 1.25))
    ]
    parts = (
        shop.box((half, deep, 0.5 * high), (0.0, 0.0, 0.5 * high), pattern="bricks"),
        shop.box((half + 0.1, deep + 0.1, 0.1), (0.0, 0.0, high + 0.1), colour="#d9d2c4"),
        shop.box((1.3, 0.03, 0.5), (0.5, -deep - 0.005, 0.62), colour=GLASS),
        shop.box((0.32, 0.03, 0.62), (-1.4, -deep - 0.005, 0.62), colour="#4b2f1d"),
        *rows,
    )
    return Prop((Member("", parts, is_fixed=True),))


def balloon(shop: Workshop) -> Prop:
    """Weightless in the air, with its knot and string."""
    parts = (
        shop.egg((0.21, 0.21, 0.26), (0.0, 0.0, 0.92)),
        shop.cone(0.04, 0.03, (0.0, 0.0, 0.65)),
        shop.rod((0.0, 0.0, 0.1), (0.0, 0.0, 0.63), 0.004, colour="#d8d4c8"),
    )
    return Prop((Member("", parts, kilograms=0.06, floats=True),))


def kite(shop: Workshop) -> Prop:
    """A diamond on two sticks, with a tail."""
    parts = (
        shop.box((0.3, 0.006, 0.3), (0.0, 0.0, 1.0), turn=(0.0, 45.0, 0.0)),
        shop.rod((0.0, -0.012, 0.56), (0.0, -0.012, 1.44), 0.009, colour=DARK),
        shop.rod((-0.44, -0.012, 1.0), (0.44, -0.012, 1.0), 0.009, colour=DARK),
        *(
            shop.box(
                (0.05, 0.006, 0.03), (0.05 * (-1) ** i, 0.0, 0.5 - 0.12 * i), colour=shop.second
            )
            for i in range(4)
        ),
    )
    return Prop((Member("", parts, kilograms=0.3, floats=True),))


STREET = {
    "street_lamp": street_lamp,
    "sign": sign,
    "building": building,
    "balloon": balloon,
    "kite": kite,
}
