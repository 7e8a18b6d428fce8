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

GROUNDS = [
    "studio",
    "sand",
    "asphalt",
    "planks",
    "court",
    "grass",
    "snow",
    "ice",
    "moon",
    "checker",
    "grid",
]
(STUDIO, SAND, ASPHALT, PLANKS, COURT, GRASS, SNOW, ICE, MOON, CHECKER, GRID) = range(11)

SNOWFALL, RAINFALL = 1, 2

Triple = tuple[float, float, float]


class Look(NamedTuple):
    """Light, air and set of one frame; colours are linear light."""

    sun: Triple  # unit vector towards it
    sun_colour: Triple
    disc: Triple  # unit vector to the sun or moon as the sky shows it
    disc_power: float  # of its light; 0: none, below 0: a moon
    glow: Triple  # of the horizon below it
    softness: float  # of shadows: tangent of the sun's half angle
    zenith: Triple
    horizon: Triple
    ambient: float
    clouds: float
    stars: float
    fog: float  # 1/m
    spot: float  # radius of a spotlight's pool, m; 0: none
    lamps: float  # how much brighter it is under street lamps than between them; 0: none
    blinds: float  # share of the window's light that a venetian blind takes in stripes
    fill: Triple  # light from beside the camera, without shadows
    rim: Triple  # light from behind the subject, on its outline
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
