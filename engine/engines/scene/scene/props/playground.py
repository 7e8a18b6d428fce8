"""Things that swing, tip, spin and throw back."""

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


def _gantry(shop: Workshop, height: float, half: float, **look: str) -> list[Part]:
    """Two pairs of legs and a bar across y, for what swings in the plane of x and z."""
    spread = 0.28 * height
    legs = [
        shop.rod((x, y, 0.03), (0.0, y, height), 0.03, **look)
        for x in (-spread, spread)
        for y in (-half, half)
    ]
    return [*legs, shop.rod((0.0, -half, height), (0.0, half, height), 0.03, **look)]


def _bob(shop: Workshop, height: float, length: float, radius: float, kg: float) -> Member:
    """A ball on a rod, which ends below what it seems to hang from."""
    ball = (0.0, 0.0, height - length)
    top, end = (0.0, 0.0, height - 0.09), (0.0, 0.0, height - length + radius)
    parts = (shop.ball(radius, ball), shop.rod(top, end, 0.02, colour=STEEL))
    return Member("bob", parts, kilograms=kg)


def pendulum(shop: Workshop) -> Prop:
    """A steel bob on a rod under a gantry."""
    height = 2.1
    frame = Member("frame", tuple(_gantry(shop, height, 0.55, colour=DARK)), is_fixed=True)
    hinge = Hinge("pivot", GROUND, "bob", (0.0, 0.0, height), angle=shop.swing_degrees)
    return Prop((_bob(shop, height, 1.6, 0.17, 12.0), frame), (hinge,))


def wrecking_ball(shop: Workshop) -> Prop:
    """A heavy ball that swings just above the ground, from the jib of a mast behind it."""
    height, back = 3.2 + shop.raised, 1.5
    frame = Member(
        "mast",
        (
            shop.box((0.5, 0.5, 0.12), (0.0, back, 0.12), colour="#e0a21e"),
            shop.rod((0.0, back, 0.2), (0.0, back, height + 0.1), 0.08, colour="#e0a21e"),
            shop.rod((0.0, back, height), (0.0, -0.1, height), 0.06, colour="#e0a21e"),
            shop.rod((0.0, back, height - 0.9), (0.0, 0.5, height - 0.05), 0.04, colour="#e0a21e"),
        ),
        is_fixed=True,
    )
    hinge = Hinge("pivot", GROUND, "bob", (0.0, 0.0, height), angle=shop.swing_degrees)
    return Prop((_bob(shop, height, 2.75, 0.34, 160.0), frame), (hinge,))


def swing(shop: Workshop) -> Prop:
    """A seat on two ropes."""
    height, half, seat = 2.3, 0.36, 0.56
    ropes = [
        shop.rod((0.0, y, height - 0.09), (0.0, y, seat), 0.012, colour="#d9c49a")
        for y in (-half, half)
    ]
    board = shop.box((0.13, half + 0.03, 0.02), (0.0, 0.0, seat), material="wood", pattern="wood")
    frame = Member("frame", tuple(_gantry(shop, height, 0.85)), is_fixed=True)
    hinge = Hinge("pivot", GROUND, "seat", (0.0, 0.0, height), angle=shop.swing_degrees)
    return Prop(
        (Member("seat", (board, *ropes), kilograms=4.0), frame),
        (hinge,),
        seat=(0.0, 0.0, seat + 0.02),
    )


def seesaw(shop: Workshop) -> Prop:
    """A plank over a bearer, down on its left."""
    pivot = (0.0, 0.0, 0.5)
    plank = Member(
        "plank",
        (
            shop.box((1.4, 0.16, 0.025), (0.0, 0.0, 0.545), pattern="wood"),
            shop.rod((-1.0, -0.14, 0.68), (-1.0, 0.14, 0.68), 0.02, colour=STEEL),
            shop.rod((1.0, -0.14, 0.68), (1.0, 0.14, 0.68), 0.02, colour=STEEL),
        ),
        kilograms=18.0,
    )
    bearer = Member(
        "bearer",
        (
            shop.rod((-0.22, 0.0, 0.03), (0.0, 0.0, 0.46), 0.03, colour=DARK),
            shop.rod((0.22, 0.0, 0.03), (0.0, 0.0, 0.46), 0.03, colour=DARK),
        ),
        is_fixed=True,
    )
    hinge = Hinge("pivot", GROUND, "plank", pivot, low=-17.0, high=17.0, angle=-15.0, damping=1.5)
    return Prop((plank, bearer), (hinge,), seat=(-1.2, 0.0, 0.575))


def spinning_top(shop: Workshop) -> Prop:
    """A cone on its tip with a disc and a stem."""
    parts = (
        shop.cone(0.2, 0.13, (0.0, 0.0, 0.13), turn=(180.0, 0.0, 0.0), pattern="half"),
        shop.tube(0.2, 0.03, (0.0, 0.0, 0.28), colour=shop.second),
        shop.rod((0.0, 0.0, 0.3), (0.0, 0.0, 0.44), 0.018),
    )
    return Prop((Member("", parts, kilograms=1.2),))


def trampoline(shop: Workshop) -> Prop:
    """A bed that gives back nearly all; the ring is soft."""
    bed = shop.tube(0.95, 0.02, (0.0, 0.0, 0.5), colour=DARK, bounce=0.96)
    ring = shop.ring(1.0, (0.0, 0.0, 0.5), 0.05, 10)
    legs = [
        shop.rod((x, y, 0.025), (x, y, 0.42), 0.025, colour=STEEL)
        for x, y in ((-0.7, -0.7), (0.7, -0.7), (-0.7, 0.7), (0.7, 0.7))
    ]
    return Prop((Member("", (bed, *ring, *legs), is_fixed=True),), seat=(0.0, 0.0, 0.52))


HOOP_HEIGHT, HOOP_RADIUS, HOOP_REACH = 2.5, 0.31, 0.36


def _board(shop: Workshop) -> list[Part]:
    """A board with its mark, on a pole behind it."""
    back = HOOP_RADIUS + HOOP_REACH * 0.3
    board = shop.box(
        (0.02, 0.62, 0.44), (back + 0.02, 0.0, HOOP_HEIGHT + 0.34), colour="#f2f0ea", bounce=0.7
    )
    mark = [
        shop.box((0.003, y, z), (back - 0.003, at[0], HOOP_HEIGHT + at[1]), colour="#d8331f")
        for y, z, at in (
            (0.24, 0.015, (0.0, 0.13)),
            (0.24, 0.015, (0.0, 0.5)),
            (0.015, 0.2, (-0.24, 0.315)),
            (0.015, 0.2, (0.24, 0.315)),
        )
    ]
    pole = shop.rod(
        (back + 0.55, 0.0, 0.06), (back + 0.55, 0.0, HOOP_HEIGHT + 0.2), 0.06, colour=DARK
    )
    arm = shop.rod(
        (back + 0.55, 0.0, HOOP_HEIGHT + 0.2),
        (back + 0.05, 0.0, HOOP_HEIGHT + 0.3),
        0.04,
        colour=DARK,
    )
    return [board, *mark, pole, arm]


def backboard(shop: Workshop) -> Prop:
    """A board without a ring, to throw at."""
    return Prop((Member("", tuple(_board(shop)), is_fixed=True),), seat=(0.0, 0.0, HOOP_HEIGHT))


def hoop(shop: Workshop) -> Prop:
    """A backboard with its ring towards -x; the middle of the ring is above the origin."""
    back = HOOP_RADIUS + HOOP_REACH * 0.3
    neck = shop.rod(
        (HOOP_RADIUS, 0.0, HOOP_HEIGHT), (back, 0.0, HOOP_HEIGHT), 0.02, colour="#e2571e"
    )
    rim = shop.ring(HOOP_RADIUS, (0.0, 0.0, HOOP_HEIGHT), 0.016, 10, colour="#e2571e")
    parts = (*_board(shop), neck, *rim)
    return Prop((Member("", parts, is_fixed=True),), seat=(0.0, 0.0, HOOP_HEIGHT))


def goal(shop: Workshop) -> Prop:
    """Two posts and a bar, open towards -x, with a wall of net behind."""
    posts = [shop.rod((0.0, y, 0.05), (0.0, y, 1.6), 0.05) for y in (-1.3, 1.3)]
    bar = shop.rod((0.0, -1.3, 1.6), (0.0, 1.3, 1.6), 0.05)
    net = shop.box((0.01, 1.3, 0.78), (0.75, 0.0, 0.79), colour="#c9ccd1", bounce=0.1)
    sides = [shop.rod((0.0, y, 1.6), (0.75, y, 1.55), 0.02) for y in (-1.3, 1.3)]
    parts = (*posts, bar, *sides, net)
    return Prop((Member("", parts, is_fixed=True),), seat=(0.4, 0.0, 0.15))


PLAYGROUND = {
    "pendulum": pendulum,
    "wrecking_ball": wrecking_ball,
    "swing": swing,
    "seesaw": seesaw,
    "spinning_top": spinning_top,
    "trampoline": trampoline,
    "hoop": hoop,
    "backboard": backboard,
    "goal": goal,
}
