"""Wardrobe: what a figure wears and how its hair grows, asked for or chosen by chance."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from engine.engines.scene.language.script import Subject
from engine.engines.scene.language.vocabulary import Colour, linear

SKINS = ("#f4c9a8", "#e8b48c", "#d99e73", "#b97a50", "#8d5a3a", "#5f3b26")
HAIRS = ("#1d1713", "#3a2416", "#6b3f1f", "#a8692c", "#d9ae62", "#b5452a", "#7d7a78")
TOPS = ("#d94f3d", "#2f7fb8", "#f0b429", "#3f9a6d", "#7a5cc0", "#e8e3d8", "#e57fa4", "#2a9d9a")
BOTTOMS = ("#2c3e63", "#3b3a40", "#6d5a45", "#4a6a8a", "#8a3b3b", "#e0d6c2")
SHOES = ("#f2efe8", "#2a2623", "#c9503a", "#3d6fb0", "#7a4a2a")
UPPER = (
    "jacket",
    "coat",
    "hoodie",
    "sweater",
    "shirt",
    "t-shirt",
    "tshirt",
    "top",
    "dress",
    "suit",
    "vest",
    "blouse",
    "uniform",
    "jersey",
    "raincoat",
    "swimsuit",
)
LOWER = (
    "trousers",
    "pants",
    "jeans",
    "shorts",
    "skirt",
    "leggings",
    "dress",
    "suit",
    "uniform",
    "swimsuit",
)
FEET = ("shoes", "boots", "sneakers", "trainers", "shoe", "sandals")
HEADWEAR = ("hat", "cap", "beanie", "helmet", "crown", "top hat", "pointed hat", "toque")
SHORT_SLEEVED = {"t-shirt", "tshirt", "top", "vest", "jersey", "swimsuit"}
BARE_LEGGED = {"shorts", "skirt", "dress", "swimsuit"}
JACKETS = {"jacket", "coat", "hoodie", "suit", "raincoat"}

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Outfit:
    """Colours by what they are worn on, garments that add parts, and those parts by limb."""

    looks: Mapping[str, Colour]
    wears: frozenset[str]
    extra: Mapping[str, tuple[Row, ...]]
    trimmings: Mapping[str, tuple[Row, ...]] = field(default_factory=dict)  # that weigh nothing
    height: float = 1.0  # of the table's


def _pick(rng: np.random.Generator, from_: tuple[str, ...]) -> str:
    return from_[int(rng.integers(len(from_)))]


def _first(worn: Mapping[str, str], among: tuple[str, ...]) -> tuple[str, str] | None:
    return next(((garment, worn[garment]) for garment in among if garment in worn), None)


def dress(subject: Subject, index: int, rng: np.random.Generator, build: Row) -> Outfit:
    """Choose skin, hair and clothes; what the subject names wins over chance."""
    worn = dict(subject.garments)
    draws = np.random.default_rng((int(rng.integers(2**31)), index))  # nothing asked for shifts it
    skin, hair = _pick(draws, SKINS), _pick(draws, HAIRS)
    top_chosen, bottom_chosen = _pick(draws, TOPS), _pick(draws, BOTTOMS)
    shoe_chosen, style = _pick(draws, SHOES), _pick(draws, tuple(STYLES))
    sleeves, height = float(draws.random()), float(draws.uniform(0.97, 1.03))
    upper = _first(worn, UPPER) or ("shirt", subject.colour or top_chosen)
    lower = _first(worn, LOWER) or ("trousers", bottom_chosen)
    shoes = _first(worn, FEET) or ("shoes", shoe_chosen)
    hat = _first(worn, HEADWEAR)
    is_bare_armed = upper[0] in SHORT_SLEEVED or (upper[0] == "shirt" and sleeves < 0.5)
    is_bare_legged = lower[0] in BARE_LEGGED
    wears = set(worn) | {"skirt"} if lower[0] in {"skirt", "dress"} else set(worn)
    if upper[0] in JACKETS:
        wears.add("jacket")
    looks = {
        "skin": skin,
        "hair": worn.get("hair", hair),
        "top": upper[1],
        "sleeve": skin if is_bare_armed else upper[1],
        "bottom": lower[1],
        "leg": skin if is_bare_legged else lower[1],
        "shoe": shoes[1],
        "sole": "#efece4" if shoes[1] != "#f2efe8" else "#8f8a80",
        "hat": hat[1] if hat else hair,
        "hand": worn.get("gloves", skin),
        "trim": "#e9e2d0",
        "steel": "#9aa0a8",
        **{garment: worn[garment] for garment in TRIMMINGS if garment in worn},
    }
    trimmings: dict[str, tuple[Row, ...]] = {}
    for garment in worn:
        for limb, rows in TRIMMINGS.get(garment, {}).items():
            trimmings[limb] = (*trimmings.get(limb, ()), *rows)
    head = (
        *STYLES[style if hat is None else "short"],
        *(HATS.get(hat[0], HATS["hat"]) if hat else ()),
    )
    return Outfit(
        looks={place: linear(colour) for place, colour in looks.items()},
        wears=frozenset(wears),
        extra={} if build.get("bare") else {"head": head},
        trimmings=trimmings,
        height=height,
    )


def groom(subject: Subject, index: int, rng: np.random.Generator, build: Row) -> Outfit:
    """Choose the coat of an animal: its colour, a darker and a paler shade of it."""
    draws = np.random.default_rng((int(rng.integers(2**31)), index))
    shade, height = float(draws.uniform(0.85, 1.12)), float(draws.uniform(0.95, 1.05))
    coat = np.array(linear(subject.colour or subject.kind.colour or build["colour"])) * shade
    coat = np.clip(coat, 0.0, 1.0)
    dark, pale = 0.35 * coat, coat + 0.55 * (np.array((0.9, 0.86, 0.78)) - coat)
    looks = {
        "fur": coat,
        "scales": coat,
        "dark": dark,
        "pale": pale,
        "paw": pale,
        "hoof": 0.3 * dark,
    }
    looks["trim"] = pale
    return Outfit(
        looks={place: (float(c[0]), float(c[1]), float(c[2])) for place, c in looks.items()},
        wears=frozenset(),
        extra={},
        height=height,
    )


def _ellipsoid(
    colour: str, at: tuple[float, ...], size: tuple[float, ...], turn: float = 0.0
) -> Row:
    return {
        "shape": "ellipsoid",
        "colour": colour,
        "at": at,
        "size": size,
        "turn": (turn, 0.0, 0.0),
    }


def _box(colour: str, at: tuple[float, ...], size: tuple[float, ...], turn: float = 0.0) -> Row:
    return {"shape": "box", "colour": colour, "at": at, "size": size, "turn": (turn, 0.0, 0.0)}


def _strap(
    colour: str, start: tuple[float, ...], end: tuple[float, ...], radius: float, shine: float = 0.0
) -> Row:
    return {
        "shape": "capsule",
        "colour": colour,
        "from": start,
        "to": end,
        "radius": radius,
        "shine": shine,
    }


def _cylinder(
    colour: str, at: tuple[float, ...], size: tuple[float, ...], turn: float = 0.0
) -> Row:
    return {"shape": "cylinder", "colour": colour, "at": at, "size": size, "turn": (turn, 0.0, 0.0)}


# Hair lies around a skull whose middle is 1.592 m up.
_CROWN = _ellipsoid("hair", (0.0, 0.03, 1.632), (0.146, 0.142, 0.146))
STYLES: dict[str, tuple[Row, ...]] = {
    "short": (_CROWN,),
    "fringe": (_CROWN, _ellipsoid("hair", (0.02, -0.085, 1.715), (0.1, 0.062, 0.036), 24.0)),
    "bob": (
        _CROWN,
        _ellipsoid("hair", (0.0, 0.062, 1.56), (0.158, 0.118, 0.165)),
    ),
    "long": (
        _CROWN,
        _ellipsoid("hair", (0.0, 0.085, 1.47), (0.142, 0.085, 0.24)),
    ),
    "bun": (_CROWN, _ellipsoid("hair", (0.0, 0.075, 1.795), (0.066, 0.066, 0.06))),
    "tail": (_CROWN, _ellipsoid("hair", (0.0, 0.2, 1.58), (0.05, 0.06, 0.14), 18.0)),
    "curls": (_ellipsoid("hair", (0.0, 0.05, 1.66), (0.186, 0.172, 0.172)),),
}
HATS: dict[str, tuple[Row, ...]] = {
    "hat": (
        _cylinder("hat", (0.0, 0.012, 1.7), (0.215, 0.01), 4.0),
        _ellipsoid("hat", (0.0, 0.016, 1.715), (0.148, 0.15, 0.125)),
    ),
    "top hat": (
        _cylinder("hat", (0.0, 0.012, 1.705), (0.205, 0.01), 4.0),
        _cylinder("hat", (0.0, 0.018, 1.8), (0.135, 0.1), 4.0),
    ),
    "cap": (
        _ellipsoid("hat", (0.0, 0.014, 1.662), (0.152, 0.16, 0.128)),
        _ellipsoid("hat", (0.0, -0.165, 1.678), (0.1, 0.105, 0.014), 8.0),
    ),
    "beanie": (
        _ellipsoid("hat", (0.0, 0.018, 1.668), (0.155, 0.163, 0.142)),
        _ellipsoid("hat", (0.0, 0.018, 1.815), (0.04, 0.04, 0.04)),
    ),
    "helmet": (_ellipsoid("hat", (0.0, 0.034, 1.672), (0.166, 0.166, 0.15)),),
    "crown": (
        _cylinder("hat", (0.0, 0.016, 1.74), (0.118, 0.04), 4.0),
        *(
            _ellipsoid("hat", (0.11 * x, 0.016 + 0.11 * y, 1.79), (0.022, 0.022, 0.034))
            for x, y in ((0.0, -1.0), (0.87, -0.5), (-0.87, -0.5), (0.87, 0.5), (-0.87, 0.5))
        ),
    ),
    "pointed hat": (
        _cylinder("hat", (0.0, 0.012, 1.7), (0.205, 0.01), 4.0),
        {**_cylinder("hat", (0.0, 0.03, 1.88), (0.14, 0.19), -6.0), "shape": "cone"},
    ),
    "toque": (
        _cylinder("hat", (0.0, 0.016, 1.755), (0.126, 0.075), 4.0),
        _ellipsoid("hat", (0.0, 0.02, 1.86), (0.175, 0.17, 0.085)),
    ),
}
_LENSES = (0.049, -0.049)
# By garment and limb: what is seen of it, on somebody with the face at -y.
TRIMMINGS: dict[str, dict[str, tuple[Row, ...]]] = {
    "scarf": {
        "chest": (
            _ellipsoid("scarf", (0.0, 0.002, 1.415), (0.115, 0.108, 0.046)),
            _ellipsoid("scarf", (0.0, -0.012, 1.385), (0.128, 0.112, 0.036)),
            _box("scarf", (0.055, -0.125, 1.255), (0.037, 0.012, 0.125), -6.0),
        )
    },
    "glasses": {
        "head": (
            *(
                row
                for x in _LENSES
                for row in (
                    _strap(
                        "glasses", (x - 0.036, -0.143, 1.633), (x + 0.036, -0.143, 1.633), 0.006
                    ),
                    _strap(
                        "glasses", (x - 0.036, -0.147, 1.567), (x + 0.036, -0.147, 1.567), 0.006
                    ),
                    _strap("glasses", (x - 0.04, -0.139, 1.63), (x - 0.04, -0.143, 1.57), 0.006),
                    _strap("glasses", (x + 0.04, -0.139, 1.63), (x + 0.04, -0.143, 1.57), 0.006),
                )
            ),
            _strap("glasses", (0.09, -0.13, 1.615), (0.146, 0.012, 1.612), 0.006),
            _strap("glasses", (-0.09, -0.13, 1.615), (-0.146, 0.012, 1.612), 0.006),
        )
    },
    "sunglasses": {
        "head": (
            *(
                {**_ellipsoid("sunglasses", (x, -0.132, 1.6), (0.047, 0.022, 0.039)), "shine": 0.2}
                for x in _LENSES
            ),
            _strap("sunglasses", (-0.03, -0.148, 1.615), (0.03, -0.148, 1.615), 0.007),
            _strap("sunglasses", (0.09, -0.125, 1.615), (0.146, 0.012, 1.612), 0.007),
            _strap("sunglasses", (-0.09, -0.125, 1.615), (-0.146, 0.012, 1.612), 0.007),
        )
    },
    "cape": {
        "chest": (
            _ellipsoid("cape", (0.0, 0.012, 1.4), (0.125, 0.104, 0.034)),
            _box("cape", (0.0, 0.195, 0.985), (0.2, 0.012, 0.4), 9.0),
            _ellipsoid("cape", (0.0, 0.115, 1.375), (0.17, 0.05, 0.035)),
        )
    },
    "tie": {
        "chest": (
            _ellipsoid("tie", (0.0, -0.078, 1.372), (0.026, 0.022, 0.022)),
            _ellipsoid("tie", (0.0, -0.114, 1.23), (0.032, 0.02, 0.135), -7.0),
        )
    },
    "bow tie": {
        "chest": (
            _ellipsoid("bow tie", (0.0, -0.082, 1.375), (0.018, 0.018, 0.018)),
            _ellipsoid("bow tie", (0.042, -0.08, 1.375), (0.034, 0.016, 0.028)),
            _ellipsoid("bow tie", (-0.042, -0.08, 1.375), (0.034, 0.016, 0.028)),
        )
    },
    "backpack": {
        "chest": (
            _box("backpack", (0.0, 0.19, 1.2), (0.14, 0.07, 0.17)),
            _ellipsoid("backpack", (0.0, 0.19, 1.36), (0.14, 0.07, 0.05)),
            _box("backpack", (0.0, 0.27, 1.14), (0.1, 0.025, 0.08)),
            *(
                row
                for x in (0.105, -0.105)
                for row in (
                    _strap("backpack", (x, 0.04, 1.415), (x, -0.075, 1.375), 0.018),
                    _strap("backpack", (x, -0.075, 1.375), (x, -0.105, 1.2), 0.018),
                    _strap("backpack", (x, -0.105, 1.2), (x * 1.35, 0.0, 1.09), 0.018),
                )
            ),
        )
    },
    "apron": {
        "chest": (
            _ellipsoid("apron", (0.0, -0.052, 1.16), (0.142, 0.088, 0.2)),
            _strap("apron", (0.06, -0.1, 1.32), (0.045, -0.03, 1.41), 0.012),
            _strap("apron", (-0.06, -0.1, 1.32), (-0.045, -0.03, 1.41), 0.012),
        ),
        "pelvis": (_ellipsoid("apron", (0.0, -0.06, 0.88), (0.165, 0.098, 0.21)),),
    },
    "beard": {
        "head": (
            _ellipsoid("beard", (0.0, -0.085, 1.452), (0.1, 0.07, 0.07)),
            _ellipsoid("beard", (0.04, -0.135, 1.545), (0.045, 0.022, 0.014), 0.0),
            _ellipsoid("beard", (-0.04, -0.135, 1.545), (0.045, 0.022, 0.014), 0.0),
        )
    },
    "socks": {"shin": (_cylinder("socks", (0.09, 0.005, 0.19), (0.063, 0.07)),)},
}
