"""Faces: eyes, brows and mouths drawn on a disc, five mouths each with open and closed eyes.

An expression changes brows, lids and the silent mouth (Faigin 1990, The Artist's Complete Guide to
Facial Expression).

Coordinates run from -1 to 1 over the front of a head, u to the right and v upwards; what is not
drawn stays transparent, so that skin and fur show.
"""

import zlib
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engine.engines.scene.frames.pen import DRAWN_PX, Colour, Pen
from engine.engines.scene.speech.spoken import Mouth

Nature = Literal["man", "woman", "child", "robot", "animal"]
IRISES: tuple[Colour, ...] = (
    (74, 48, 30),
    (52, 92, 138),
    (62, 108, 72),
    (98, 70, 42),
    (60, 66, 78),
)
INK: Colour = (40, 26, 24)
LIP: Colour = (176, 84, 80)
INSIDE: Colour = (74, 20, 26)
TONGUE: Colour = (206, 96, 98)
TEETH: Colour = (250, 247, 240)
VISOR: Colour = (16, 24, 34)
LAMP: Colour = (120, 240, 255)
FOLD: Colour = (120, 70, 56)
TEAR: Colour = (168, 214, 246)
NATURES: tuple[tuple[Nature, frozenset[str]], ...] = (
    ("robot", frozenset({"robot", "android", "cyborg", "droid", "machine"})),
    ("child", frozenset({"child", "boy", "girl", "kid", "baby", "toddler"})),
    (
        "woman",
        frozenset({
            "woman", "lady", "girlfriend", "mother", "mom", "grandmother", "queen", "princess",
            "actress", "ballerina", "waitress", "she", "wife", "sister", "witch",
        }),
    ),
    (
        "animal",
        frozenset({
            "dog", "cat", "horse", "bear", "rabbit", "fox", "bird", "fish", "penguin", "animal",
            "puppy", "kitten", "cow", "pig", "sheep", "lion", "tiger", "elephant", "mouse",
        }),
    ),
    (
        "man",
        frozenset({
            "man", "guy", "boyfriend", "father", "dad", "grandfather", "king", "prince", "actor",
            "waiter", "he", "husband", "brother", "wizard", "cowboy", "policeman", "fireman",
        }),
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Expression:
    """What a feeling does to a face; lengths in half heads, `lids` in half eyes."""

    inner_brow: float = 0.0  # upwards
    outer_brow: float = 0.0
    lower_lid: float = 0.0  # how far cheeks push it up
    upper_lid: float = 0.0  # how far it hangs down on the outer side; below 0 on the inner
    wide: float = 1.0  # how far the eyes are open
    corners: float = 0.5  # of the silent mouth, from 1 up to -1 down
    grin: bool = False  # it shows teeth
    laughs: bool = False
    gapes: bool = False
    tears: bool = False
    blush: float = 0.0  # more than usual


CALM = Expression()
EXPRESSIONS = {
    "smiling": Expression(0.02, 0.03, lower_lid=0.42, corners=1.0, grin=True, blush=0.14),
    "laughing": Expression(0.05, 0.06, corners=1.0, grin=True, laughs=True, blush=0.2),
    "sad": Expression(0.1, -0.06, upper_lid=0.55, corners=-0.8),
    "crying": Expression(0.12, -0.06, upper_lid=0.6, corners=-1.0, tears=True, blush=0.16),
    "angry": Expression(-0.13, 0.05, lower_lid=0.15, upper_lid=-0.75, corners=-0.6),
    "surprised": Expression(0.13, 0.12, wide=1.18, corners=0.0, gapes=True),
}


@dataclass(frozen=True, slots=True)
class Design:
    """One face; lengths in half heads."""

    nature: Nature
    iris: Colour
    brow: Colour
    eye_apart: float = 0.33
    eye_height: float = 0.05
    eye_size: float = 0.15
    brow_thick: float = 0.035
    brow_tilt: float = 0.03  # upwards to the outside
    lip: Colour = LIP
    blush: float = 0.25
    lashes: bool = False
    freckles: bool = False
    beard: float = 0.0  # shade of a shaved or bearded chin, 0-1
    glasses: bool = False


def design_of(name: str) -> Design:
    """The face of somebody of this name; the same in every film."""
    words = set(name.lower().replace("-", " ").replace("/", " ").split())
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    found: list[Nature] = [nature for nature, said in NATURES if words & said]
    people: tuple[Nature, ...] = ("woman", "man")
    nature = found[0] if found else people[int(rng.integers(2))]
    design = Design(
        nature=nature,
        iris=IRISES[int(rng.integers(len(IRISES)))],
        brow=((52, 34, 26), (84, 56, 34), (34, 28, 28))[int(rng.integers(3))],
        eye_apart=float(rng.uniform(0.31, 0.36)),
        eye_size=float(rng.uniform(0.14, 0.165)),
        brow_tilt=float(rng.uniform(-0.01, 0.05)),
        glasses=bool(rng.uniform() < 0.12),
    )
    if nature == "woman":
        return replace(design, lashes=True, lip=(196, 70, 78), blush=0.34, brow_thick=0.026)
    if nature == "man":
        beard = float(rng.choice((0.0, 0.0, 0.22, 0.75)))
        return replace(design, brow_thick=0.048, beard=beard, blush=0.14)
    if nature == "child":
        freckles = bool(rng.uniform() < 0.5)
        return replace(
            design, eye_size=0.19, eye_height=0.0, blush=0.42, freckles=freckles, glasses=False
        )
    return replace(design, glasses=False)


def draw_face(
    design: Design, mouth: Mouth, *, blink: bool, expression: str | None = None
) -> Image.Image:
    """Draw one face, RGBA with straight alpha, `DRAWN_PX` square.

    `expression` is a key of `EXPRESSIONS`; an animal shows none.
    """
    felt = EXPRESSIONS.get(expression or "", CALM)
    pen = Pen()
    pen.image = _silent(design, felt, blink=blink).copy()
    if design.nature == "robot":
        _robot_mouth(pen, mouth, felt)
    elif design.nature == "animal":
        _animal_mouth(pen, mouth)
    else:
        _mouth(pen, mouth, design.lip, (0.0, -0.46), felt)
    return pen.image


@lru_cache(maxsize=32)
def _silent(design: Design, felt: Expression, *, blink: bool) -> Image.Image:
    """All of a face but its mouth."""
    pen = Pen()
    if design.nature == "robot":
        _robot(pen, felt, blink=blink)
    elif design.nature == "animal":
        _animal(pen, design, blink=blink)
    else:
        _person(pen, design, felt, blink=blink)
    return pen.image


def _person(pen: Pen, design: Design, felt: Expression, *, blink: bool) -> None:
    if design.beard:
        _beard(pen, design)
    for side in (-1.0, 1.0):
        pen.soft((side * 0.5, -0.22), (0.2, 0.14), (226, 96, 86), design.blush + felt.blush)
        pen.soft((side * design.eye_apart, design.eye_height), (0.26, 0.2), (120, 70, 56), 0.2)
    if design.freckles:
        _freckles(pen)
    pen.soft((0.0, -0.2), (0.11, 0.045), (120, 62, 48), 0.35)  # under the nose
    for side in (-1.0, 1.0):
        _eye(pen, design, side, felt, blink=blink)
        _brow(pen, design, side, felt)
        if felt.tears:
            _tears(pen, design, side)
    if design.glasses:
        for side in (-1.0, 1.0):
            at = (side * design.eye_apart, design.eye_height)
            pen.arc(at, (0.25, 0.22), (0.0, 360.0), (32, 34, 40), 0.035)
        pen.arc((0.0, design.eye_height), (0.09, 0.05), (180.0, 360.0), (32, 34, 40), 0.035)


def _freckles(pen: Pen) -> None:
    for i in range(14):
        side = -1.0 if i % 2 else 1.0
        u = side * (0.3 + 0.034 * (i * 7 % 9))
        pen.oval((u, -0.15 - 0.022 * (i * 5 % 8)), (0.013, 0.013), (168, 104, 70), 0.75)


def _tears(pen: Pen, design: Design, side: float) -> None:
    """Two drops, one after the other, down a cheek."""
    for k, (out, down) in enumerate(((0.05, -0.26), (-0.03, -0.42))):
        at = (side * (design.eye_apart + out), design.eye_height + down)
        pen.oval(at, (0.034 - 0.004 * k, 0.06 - 0.01 * k), TEAR, 0.85)
        pen.oval((at[0] - 0.01, at[1] + 0.015), (0.009, 0.016), (255, 255, 255))


def _brow(pen: Pen, design: Design, side: float, felt: Expression) -> None:
    """A stroke over an eye, whose ends a feeling lifts and lowers."""
    span = (205.0, 330.0) if side > 0 else (210.0, 335.0)
    lean = design.brow_tilt * 260.0 * side
    angles = np.radians(np.linspace(span[0] - lean * 0.4, span[1] - lean * 0.4, 24))
    width = 1.12 * design.eye_size
    u = width * np.cos(angles)
    outwards = 0.5 + 0.5 * side * u / width
    lift = felt.inner_brow + (felt.outer_brow - felt.inner_brow) * outwards
    v = design.eye_height + 1.35 * design.eye_size - 0.04 - 0.09 * np.sin(angles) + lift
    pen.stroke(
        list(zip(side * design.eye_apart + u, v, strict=True)), design.brow, 2.0 * design.brow_thick
    )


def _beard(pen: Pen, design: Design) -> None:
    """The lower third of the face, free around the mouth."""
    y, x = np.mgrid[0:DRAWN_PX, 0:DRAWN_PX].astype(np.float32)
    u, v = x / DRAWN_PX * 2.0 - 1.0, 1.0 - y / DRAWN_PX * 2.0
    edge = -0.31 + 0.36 * (np.abs(u) / 0.8) ** 2
    lips = np.hypot(u / 0.23, (v + 0.46) / 0.085)
    grown = np.clip((edge - v) / 0.1, 0.0, 1.0) * np.clip((lips - 0.9) / 0.35, 0.0, 1.0)
    shade = np.zeros((DRAWN_PX, DRAWN_PX, 4), np.uint8)
    shade[..., :3] = design.brow
    shade[..., 3] = 255.0 * design.beard * grown
    pen.image.alpha_composite(Image.fromarray(shade))


def _eye(pen: Pen, design: Design, side: float, felt: Expression, *, blink: bool) -> None:
    at, size = (side * design.eye_apart, design.eye_height), felt.wide * design.eye_size
    if felt.laughs:  # shut by the cheeks
        pen.arc(
            (at[0], at[1] - 0.35 * size), (1.05 * size, 0.75 * size), (205.0, 335.0), INK, 0.055
        )
        return
    if blink:
        pen.arc((at[0], at[1] + 0.3 * size), (size, 0.55 * size), (25.0, 155.0), INK, 0.045)
        if design.lashes:
            pen.arc((at[0] + side * size, at[1] + 0.02), (0.07, 0.05), (40, 100), INK, 0.03)
        return
    ball = Pen()
    _eyeball(ball, design, side, at, size, is_staring=felt.wide > 1.0)
    ball.keep(_between_lids(at, size, side, felt))
    pen.image.alpha_composite(ball.image)
    if felt.lower_lid:
        below = (at[0], at[1] - (2.05 - 1.1 * felt.lower_lid) * size)
        pen.arc(below, (1.3 * size, 1.1 * size), (240.0, 300.0), FOLD, 0.02)


def _between_lids(
    at: tuple[float, float], size: float, side: float, felt: Expression
) -> NDArray[np.bool_]:
    """Where an eye is not covered: cheeks push up from below, a lid hangs down to one side."""
    y, x = np.mgrid[0:DRAWN_PX, 0:DRAWN_PX].astype(np.float32)
    u = (x / DRAWN_PX * 2.0 - 1.0 - at[0]) / size * side  # 1 at the outer corner
    v = (1.0 - y / DRAWN_PX * 2.0 - at[1]) / size
    below = -1.2 + 1.3 * felt.lower_lid - 0.25 * u * u * (felt.lower_lid > 0.0)
    hang = abs(felt.upper_lid) * (0.62 + 0.75 * np.sign(felt.upper_lid) * u)
    return np.asarray((v > below) & ((v < 1.0 - hang) | (felt.upper_lid == 0.0)))


def _eyeball(
    pen: Pen,
    design: Design,
    side: float,
    at: tuple[float, float],
    size: float,
    *,
    is_staring: bool,
) -> None:
    white = (1.08 * size, (1.08 if is_staring else 0.94) * size)
    pen.oval(at, white, (252, 252, 250))
    inner = Pen()
    # The upper lid lies on a large iris: eyes with white all around it stare.
    look = (at[0] - side * 0.02, at[1] + 0.1 * size)
    if is_staring:
        look = at
        inner.oval(look, (0.62 * size, 0.64 * size), _dimmed(design.iris, 0.55))
        inner.oval(look, (0.54 * size, 0.56 * size), design.iris)
    else:
        inner.oval(look, (0.82 * size, 0.86 * size), _dimmed(design.iris, 0.55))
        inner.oval(look, (0.72 * size, 0.76 * size), design.iris)
    inner.oval(look, (0.4 * size, 0.42 * size), (14, 12, 14))
    inner.soft((look[0], at[1] + 1.05 * size), (1.4 * size, 0.6 * size), (60, 44, 48), 0.55)
    inner.oval((look[0] + 0.26 * size, look[1] + 0.26 * size), (0.2 * size,) * 2, (255, 255, 255))
    inner.oval((look[0] - 0.24 * size, look[1] - 0.34 * size), (0.1 * size,) * 2, (255, 255, 255))
    pen.inside(pen.mask(at, white), inner)
    thick = 0.065 if design.lashes else 0.05
    pen.arc(at, (1.02 * white[0], 1.02 * white[1]), (195.0, 345.0), INK, thick)
    if design.lashes:
        for k, out in enumerate((0.0, 0.05)):
            u = at[0] + side * (0.9 * size + out * 0.2)
            pen.arc(
                (u, at[1] + 0.09 + out),
                (0.09, 0.06),
                (0, 60) if side > 0 else (120, 180),
                INK,
                0.026 - 0.004 * k,
            )


def _dimmed(colour: Colour, share: float) -> Colour:
    r, g, b = (int(share * c) for c in colour)
    return (r, g, b)


# Half width and half height of the opening.
OPENINGS = {
    Mouth.CLOSED: (0.0, 0.0),
    Mouth.SMALL: (0.16, 0.05),
    Mouth.OPEN: (0.22, 0.19),
    Mouth.WIDE: (0.33, 0.11),
    Mouth.ROUND: (0.12, 0.15),
}


def _mouth(pen: Pen, mouth: Mouth, lip: Colour, at: tuple[float, float], felt: Expression) -> None:
    wide, tall = OPENINGS[mouth]
    if felt.laughs and mouth in {Mouth.CLOSED, Mouth.WIDE}:
        _grin(pen, lip, (at[0], at[1] + 0.1), (0.4, 0.38 if mouth == Mouth.CLOSED else 0.26))
        return
    if not wide and felt.grin:
        _grin(pen, lip, (at[0], at[1] + 0.08), (0.34, 0.2))
        return
    if not wide and felt.gapes:
        wide, tall = 0.105, 0.14
    if not wide and felt.corners < 0.0:
        deep = 0.16 * -felt.corners
        pen.soft((at[0], at[1] - 0.14), (0.16, 0.05), (120, 60, 50), 0.35)
        pen.arc((at[0], at[1] - 0.16), (0.25, deep + 0.06), (210.0, 330.0), lip, 0.055)
        pen.arc((at[0], at[1] - 0.15), (0.245, deep + 0.055), (212.0, 328.0), INK, 0.024)
        return
    if not wide:
        pen.soft((at[0], at[1] - 0.09), (0.16, 0.04), (120, 60, 50), 0.3)
        pen.arc((at[0], at[1] + 0.12), (0.27, 0.16), (28.0, 152.0), lip, 0.055)
        pen.arc((at[0], at[1] + 0.135), (0.265, 0.158), (30.0, 150.0), INK, 0.022)
        return
    pen.oval(at, (wide + 0.035, tall + 0.035), lip)
    pen.oval(at, (wide, tall), INSIDE)
    inner = Pen()
    if mouth in {Mouth.OPEN, Mouth.WIDE, Mouth.SMALL}:
        inner.box((at[0], at[1] + tall), (0.86 * wide, 0.42 * tall), TEETH, 0.03)
    inner.oval((at[0], at[1] - 1.05 * tall), (0.72 * wide, 0.75 * tall), TONGUE)
    pen.inside(pen.mask(at, (wide, tall)), inner)


def _grin(pen: Pen, lip: Colour, at: tuple[float, float], size: tuple[float, float]) -> None:
    """A half moon from corner to corner: teeth above, and a tongue if it is open far."""
    wide, deep = size

    def moon(of: float) -> list[tuple[float, float]]:
        u = np.linspace(-1.0, 1.0, 41)
        sag = 1.0 - u * u
        top = [
            (at[0] + x * wide * of, at[1] - 0.14 * deep * s) for x, s in zip(u, sag, strict=True)
        ]
        low = [(at[0] + x * wide * of, at[1] - deep * s) for x, s in zip(u, sag, strict=True)]
        return [*top, *reversed(low)]

    pen.stroke([*moon(1.0), moon(1.0)[0]], lip, 0.06)
    pen.fill(moon(1.0), INSIDE)
    inner = Pen()
    inner.fill(moon(1.0), (255, 255, 255))
    mask = inner.image.getchannel("A")
    mouth = Pen()
    mouth.oval((at[0], at[1] - 1.08 * deep), (0.6 * wide, 0.4 * deep), TONGUE)
    shown = 0.62 if deep < 0.25 else 0.42
    mouth.box((at[0], at[1]), (wide, shown * deep), TEETH, 0.03)
    pen.inside(mask, mouth)
    for side in (-1.0, 1.0):  # the cheeks fold there
        pen.arc(
            (at[0] + side * wide, at[1] + 0.01),
            (0.045, 0.05),
            (-60.0, 60.0) if side > 0 else (120.0, 240.0),
            INK,
            0.022,
        )


def _robot(pen: Pen, felt: Expression, *, blink: bool) -> None:
    """Two lamps behind a visor."""
    pen.box((0.0, 0.1), (0.64, 0.27), VISOR, 0.22)
    for side in (-1.0, 1.0):
        at = (side * 0.3, 0.1)
        if felt.grin:
            span, down = ((205.0, 335.0), -0.05) if felt.corners > 0.0 else ((25.0, 155.0), 0.05)
            pen.arc((at[0], at[1] + down), (0.14, 0.13), span, LAMP, 0.07)
            continue
        if blink:
            pen.box(at, (0.15, 0.025), LAMP, 0.025)
            continue
        if felt.upper_lid:
            slant = 0.09 * side * felt.upper_lid
            line = [(at[0] - 0.14, at[1] + slant), (at[0] + 0.14, at[1] - slant)]
            pen.stroke(line, LAMP, 0.08)
            continue
        pen.soft(at, (0.26, 0.26), LAMP, 0.55)
        pen.oval(at, (0.145, 0.145), LAMP)
        pen.oval(at, (0.07, 0.07), (235, 255, 255))


def _robot_mouth(pen: Pen, mouth: Mouth, felt: Expression) -> None:
    """A row of lights that opens with the voice, and bends with what it feels."""
    pen.box((0.0, -0.46), (0.36, 0.17), VISOR, 0.06)
    heights = {
        Mouth.CLOSED: (0.02,) * 7,
        Mouth.SMALL: (0.02, 0.04, 0.06, 0.07, 0.06, 0.04, 0.02),
        Mouth.OPEN: (0.06, 0.1, 0.13, 0.14, 0.13, 0.1, 0.06),
        Mouth.WIDE: (0.1, 0.08, 0.1, 0.07, 0.1, 0.08, 0.1),
        Mouth.ROUND: (0.02, 0.02, 0.1, 0.13, 0.1, 0.02, 0.02),
    }[mouth]
    for i, half in enumerate(heights):
        bend = 0.0 if felt is CALM else 0.075 * felt.corners * (2.0 * ((i - 3) / 3) ** 2 - 1.0)
        pen.box(((i - 3) * 0.093, -0.46 + bend), (0.03, half), LAMP, 0.02)


def _animal(pen: Pen, design: Design, *, blink: bool) -> None:
    """Dark round eyes and a nose."""
    for side in (-1.0, 1.0):
        at = (side * 0.36, 0.2)
        if blink:
            pen.arc((at[0], at[1] + 0.04), (0.13, 0.08), (20, 160), INK, 0.05)
            continue
        pen.oval(at, (0.135, 0.15), (26, 18, 16))
        pen.oval((at[0], at[1] - 0.02), (0.1, 0.11), _dimmed(design.iris, 0.7))
        pen.oval(at, (0.075, 0.085), (10, 8, 8))
        pen.oval((at[0] + 0.04, at[1] + 0.06), (0.04, 0.04), (255, 255, 255))
    pen.oval((0.0, -0.14), (0.15, 0.1), (34, 24, 24))
    pen.oval((-0.04, -0.1), (0.045, 0.025), (150, 130, 130), 0.8)


def _animal_mouth(pen: Pen, mouth: Mouth) -> None:
    wide, tall = OPENINGS[mouth]
    if wide:
        pen.oval((0.0, -0.42), (0.75 * wide + 0.02, tall + 0.02), INK)
        pen.oval((0.0, -0.42 - 0.4 * tall), (0.5 * wide, 0.55 * tall), TONGUE)
    pen.arc((0.0, -0.24), (0.01, 0.09), (60, 120), INK, 0.03)
    for side in (-1.0, 1.0):
        pen.arc((side * 0.12, -0.3), (0.12, 0.09), (10, 170), INK, 0.035)
