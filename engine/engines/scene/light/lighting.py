"""Light: place, time of day, weather and style → what the tracer needs to know about one frame."""

import colorsys
import math
from dataclasses import dataclass, replace

from engine.engines.scene.language.script import Script
from engine.engines.scene.language.vocabulary import (
    PASTEL,
    Colour,
    Place,
    TimeOfDay,
    linear,
    vocabulary,
)
from engine.engines.scene.light.look import BACKDROPS, GROUNDS, RAINFALL, SNOWFALL, Look
from engine.engines.scene.scene.build import DEFAULT_PLACE

FALLING = {"snow": SNOWFALL, "rain": RAINFALL}
EXPOSURE = 0.78
TIMELESS = frozenset({"curtain", "space", "sunset_bars"})  # sets with a light of their own
LAMPLIGHT = "#ffc98a"
STREETLIGHT, STREETLIGHT_POWER = "#ffd9a8", 2.2
LAMPS = 0.45
HAS_HUE = 0.3  # saturation from which on a colour has a complement
PAPER_CHROMA, BESIDE = 0.28, 0.07  # saturation; how far beside the complement, of the wheel
GREY_PAPER = "#b9bdc6"
SNOW_AIR = "#dfe6ee"


@dataclass(frozen=True, slots=True)
class Lighting:
    """A look at time 0, what falls from the sky (0: nothing), and how the picture is treated."""

    look: Look
    falling: int
    treatment: str = ""  # a key of `frames.styles.TREATMENTS`


def _scaled(colour: Colour, k: float) -> Colour:
    return (colour[0] * k, colour[1] * k, colour[2] * k)


def _mixed(a: Colour, b: Colour, t: float) -> Colour:
    return (a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t, a[2] + (b[2] - a[2]) * t)


def _direction(elevation_degrees: float, azimuth_degrees: float) -> Colour:
    e, a = math.radians(elevation_degrees), math.radians(azimuth_degrees)
    return (math.cos(e) * math.sin(a), math.cos(e) * math.cos(a), math.sin(e))


def _paper(script: Script, seed: int) -> Colour:
    """The colour of a studio's paper: across the wheel from what is filmed, else by the seed."""
    for subject in script.subjects:
        said = [subject.colour, *(colour for _, colour in subject.garments), subject.kind.colour]
        if subject.colour in {"rainbow", "pastel"}:  # many colours show best on none
            return linear(GREY_PAPER)
        for colour in said:
            if colour is None or not colour.startswith("#"):
                continue
            hue, chroma, _ = colorsys.rgb_to_hsv(*(int(colour[i : i + 2], 16) for i in (1, 3, 5)))
            if chroma > HAS_HUE:
                beside = (-1.0, 0.0, 1.0)[seed % 3] * BESIDE
                r, g, b = colorsys.hsv_to_rgb((hue + 0.5 + beside) % 1.0, PAPER_CHROMA, 0.9)
                return linear(f"#{round(255 * r):02x}{round(255 * g):02x}{round(255 * b):02x}")
    return linear(PASTEL[seed % len(PASTEL)])


def _deeper(colour: Colour) -> Colour:
    """The same hue, darker and purer, as paper is where less light falls on it."""
    return (0.62 * colour[0] ** 1.3, 0.62 * colour[1] ** 1.3, 0.62 * colour[2] ** 1.3)


def _indoors(room: TimeOfDay, outside: TimeOfDay) -> TimeOfDay:
    """The light of a room at an hour: the window's colour, and lamps when it is dark outside."""
    if outside.disc > 0.0:
        return replace(room, sun=outside.sun, elevation=max(outside.elevation, 26.0))
    return replace(
        room, sun=LAMPLIGHT, sun_power=1.35, zenith="#f0d2a4", horizon="#dcae78", ambient=0.4
    )


def _adapted(ground: Colour, time: TimeOfDay) -> float:
    """How far the lens is closed before bright ground in strong sun: snow must keep its traces."""
    bright = 0.2126 * ground[0] + 0.7152 * ground[1] + 0.0722 * ground[2]
    sun = time.sun_power * max(math.sin(math.radians(time.elevation)), 0.15)
    return min(1.0, math.sqrt(1.05 / max(bright * (sun + 0.9 * time.ambient), 1e-3)))


def _hour(script: Script, place: Place) -> TimeOfDay:
    """The light of the hour that the script names, as far as it gets into the place."""
    times = vocabulary().times
    if not script.time or place.backdrop in TIMELESS:
        return times[place.time]
    if place.backdrop == "room":
        return _indoors(times[place.time], times[script.time])
    return times[script.time]


def light_scene(script: Script, seed: int) -> Lighting:
    """Choose sun, sky, air and grade; what the prompt does not say comes from its place."""
    words = vocabulary()
    place = words.places[script.place or DEFAULT_PLACE]
    is_enclosed = place.backdrop in {"room", *TIMELESS}
    time = _hour(script, place)
    weather = words.weathers[script.weather] if script.weather else None
    is_dark = time.disc < 0.0  # what lights the night, clouds do not take away
    is_lamplit = time.stars > 0.0 and place.backdrop == "city"
    if is_lamplit:
        power = STREETLIGHT_POWER * (1.0 if is_dark else 0.6)
        time = replace(time, sun=STREETLIGHT, sun_power=power, elevation=52.0, softness=0.08)
    style = words.styles[script.style] if script.style else words.styles["cinematic"]
    falls = 0 if weather is None or is_enclosed else FALLING.get(weather.falling or "", 0)
    zenith, horizon = linear(time.zenith), linear(time.horizon)
    if is_lamplit and is_dark:  # the haze over a city is lit from below
        horizon = _mixed(horizon, _scaled(linear(STREETLIGHT), 0.1), 0.6)
    ground, grounds = place.ground, place.ground_colours
    if falls == SNOWFALL and not place.water and place.backdrop != "studio":
        ground, grounds = "snow", words.places["snow"].ground_colours
        white = linear(SNOW_AIR)
        day = 0.25 if is_dark else min(1.0, 0.35 + 0.25 * time.sun_power)
        horizon, zenith = (_mixed(c, _scaled(white, day), 0.6) for c in (horizon, zenith))
    ground_a, ground_b = (linear(c) for c in grounds)
    if place.backdrop == "studio" and not script.time:
        paper = _paper(script, seed)
        zenith, horizon = _deeper(paper), _scaled(paper, 1.0)
        if place.ground == "studio":
            ground_a = ground_b = _scaled(paper, 0.42)
    gloom = 0.0 if weather is None or is_enclosed or is_dark else weather.gloom
    zenith, horizon = _scaled(zenith, 1.0 - gloom), _scaled(horizon, 1.0 - 0.8 * gloom)
    grey = 0.33 * sum(horizon)
    clear = 1.0 if weather is None or is_enclosed else min(1.0, weather.sun)
    overcast = (1.0 - clear) * (0.3 if is_dark else 1.0)
    mixed = tuple(h + (grey * 0.75 - h) * 0.7 * overcast for h in horizon)
    zenith_r, zenith_g, zenith_b = (z + (grey * 0.6 - z) * 0.8 * overcast for z in zenith)
    shine = max(place.shine, weather.shine if weather and not is_enclosed else 0.0)
    clouds = weather.clouds if weather else 0.35
    look = Look(
        sun=_direction(time.elevation, time.azimuth),
        sun_colour=_scaled(linear(time.sun), time.sun_power * (1.0 - overcast)),
        disc=_direction(time.disc_elevation, time.disc_azimuth),
        disc_power=time.disc * (1.0 - overcast),
        glow=_scaled(linear(time.glow), time.glow_power * (1.0 - 0.8 * overcast)),
        softness=time.softness + 0.12 * overcast,
        zenith=(zenith_r, zenith_g, zenith_b),
        horizon=(mixed[0], mixed[1], mixed[2]),
        ambient=time.ambient * (1.0 + 0.45 * overcast),
        clouds=0.0 if is_enclosed else clouds,
        stars=time.stars if not overcast else 0.0,
        fog=weather.fog if weather and not is_enclosed else 0.004 if not is_enclosed else 0.0,
        spot=time.spot,
        lamps=LAMPS if is_lamplit else 0.0,
        blinds=1.0 if place.backdrop == "room" and style.treatment == "noir" else 0.0,
        fill=_scaled(linear(time.fill), time.fill_power),
        rim=_scaled(linear(time.rim), time.rim_power),
        ground=GROUNDS.index(ground),
        ground_a=ground_a,
        ground_b=ground_b,
        shine=shine,
        backdrop=BACKDROPS.index(place.backdrop),
        backdrop_colour=linear(place.backdrop_colour),
        seconds=0.0,
        salt=seed % 997,
        exposure=EXPOSURE * time.exposure * _adapted(ground_a, time),
        saturation=style.saturation,
        contrast=style.contrast,
        tint=linear(style.tint),
    )
    treatment = style.treatment if script.style else ""  # the default grade stays a grade
    return Lighting(look=look, falling=falls, treatment=treatment)
