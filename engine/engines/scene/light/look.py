"""Look: light, air and set of one frame, as the compiled tracer takes them."""

from typing import NamedTuple

BACKDROPS = [
    "studio",
    "sea",
    "mountains",
    "city",
    "room",
    "forest",
    "hills",
    "space",
    "curtain",
    "sunset_bars",
]
(B_STUDIO, SEA, MOUNTAINS, CITY, ROOM, FOREST, HILLS, SPACE, CURTAIN, SUNSET_BARS) = range(10)

Triple = tuple[float, float, float]


class Look(NamedTuple):
    """Light, air and set of one frame; colours are linear light."""

    sun: Triple  # unit vector towards it
    sun_colour: Triple
    softness: float  # of shadows: tangent of the sun's half angle
    zenith: Triple
    horizon: Triple
    ambient: float
    clouds: float
    stars: float
    fog: float  # 1/m
    spot: float  # radius of a spotlight's pool, m; 0: none
    ground: int
    ground_a: Triple
    ground_b: Triple
    shine: float
    backdrop: int
    backdrop_colour: Triple
    seconds: float
    salt: int
    exposure: float
    saturation: float
    contrast: float
    tint: Triple
