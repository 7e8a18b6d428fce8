"""Light: place, time of day, weather and style → what the tracer needs to know about one frame."""

import math
from dataclasses import dataclass

from engine.engines.scene.frames.film import RAIN, SNOW
from engine.engines.scene.frames.textures import GROUNDS
from engine.engines.scene.language.script import Script
from engine.engines.scene.language.vocabulary import PASTEL, Colour, linear, vocabulary
from engine.engines.scene.light.look import BACKDROPS, Look
from engine.engines.scene.scene.build import DEFAULT_PLACE

FALLING = {"snow": SNOW, "rain": RAIN}
EXPOSURE = 0.78


@dataclass(frozen=True, slots=True)
class Lighting:
    """A look at time 0, and what falls from the sky (0: nothing)."""

    look: Look
    falling: int


def _scaled(colour: Colour, k: float) -> Colour:
    return (colour[0] * k, colour[1] * k, colour[2] * k)


def _direction(elevation_degrees: float, azimuth_degrees: float) -> Colour:
    e, a = math.radians(elevation_degrees), math.radians(azimuth_degrees)
    return (math.cos(e) * math.sin(a), math.cos(e) * math.cos(a), math.sin(e))


def light_scene(script: Script, seed: int) -> Lighting:
    """Choose sun, sky, air and grade; what the prompt does not say comes from its place."""
    words = vocabulary()
    place = words.places[script.place or DEFAULT_PLACE]
    is_enclosed = place.backdrop in {"room", "curtain", "space", "sunset_bars"}
    time = words.times[place.time]
    if script.time and place.backdrop not in {"curtain", "space", "sunset_bars"}:
        time = words.times[script.time]
    weather = words.weathers[script.weather] if script.weather else None
    style = words.styles[script.style] if script.style else words.styles["cinematic"]
    zenith, horizon = linear(time.zenith), linear(time.horizon)
    ground_a, ground_b = (linear(c) for c in place.ground_colours)
    if place.backdrop == "studio" and not script.time:
        # A paper of one colour; the seed picks it.
        paper = linear(PASTEL[seed % len(PASTEL)])
        zenith, horizon = _scaled(paper, 1.0), _scaled(paper, 0.82)
        if place.ground == "studio":
            ground_a = ground_b = _scaled(paper, 0.42)
    grey = 0.33 * sum(horizon)
    overcast = 0.0 if weather is None or is_enclosed else min(1.0, 1.0 - weather.sun)
    mixed = tuple(h + (grey * 0.75 - h) * 0.7 * overcast for h in horizon)
    zenith_r, zenith_g, zenith_b = (z + (grey * 0.6 - z) * 0.8 * overcast for z in zenith)
    sun_share = weather.sun if weather and not is_enclosed else 1.0
    shine = max(place.shine, weather.shine if weather and not is_enclosed else 0.0)
    clouds = weather.clouds if weather else 0.35
    look = Look(
        sun=_direction(time.elevation, time.azimuth),
        sun_colour=_scaled(linear(time.sun), time.sun_power * sun_share),
        softness=time.softness + 0.12 * overcast,
        zenith=(zenith_r, zenith_g, zenith_b),
        horizon=(mixed[0], mixed[1], mixed[2]),
        ambient=time.ambient * (1.0 + 0.45 * overcast),
        clouds=0.0 if is_enclosed else clouds,
        stars=time.stars if not overcast else 0.0,
        fog=weather.fog if weather and not is_enclosed else 0.004 if not is_enclosed else 0.0,
        spot=time.spot,
        ground=GROUNDS.index(place.ground),
        ground_a=ground_a,
        ground_b=ground_b,
        shine=shine,
        backdrop=BACKDROPS.index(place.backdrop),
        backdrop_colour=linear(place.backdrop_colour),
        seconds=0.0,
        salt=seed % 997,
        exposure=EXPOSURE,
        saturation=style.saturation,
        contrast=style.contrast,
        tint=linear(style.tint),
    )
    falls = FALLING.get(weather.falling or "", 0) if weather and not is_enclosed else 0
    return Lighting(look=look, falling=falls)
