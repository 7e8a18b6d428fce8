"""Ambience: the bed of sound of a place, synthesised from shaped noise and a few voices."""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from engine.engines.scene.language.script import Script
from engine.engines.scene.language.vocabulary import vocabulary
from engine.engines.scene.scene.build import DEFAULT_PLACE
from engine.engines.scene.sound.animals import CALLS, called
from engine.engines.scene.sound.footsteps import bubble
from engine.engines.scene.sound.heard import Samples, chirp, noise
from engine.mp4 import SAMPLE_RATE_HZ

INDOORS = {"room", "studio"}  # backdrops behind which there is no weather and no night
BED_OF_PLACE = {  # where a place has more to say than its table does
    "sea": "sea",
    "ocean": "sea",
    "lake": "lake",
    "river": "lake",
    "lakeside": "lake",
    "pool": "pool",
    "forest": "forest",
    "stage": "stage",
    "court": "crowd",
    "stadium": "crowd",
}
BIRDS = {"birds", "forest"}
WITHOUT_CRICKETS = {"city", "space", "wind", "surf", "sea"}

Rng = np.random.Generator


def beds_of(script: Script) -> tuple[str, ...]:
    """Name the beds that lie over each other in a shot: of its place, its hour, its weather."""
    words = vocabulary()
    place = words.places[script.place or DEFAULT_PLACE]
    bed = BED_OF_PLACE.get(place.name, place.ambience)
    bed = bed if bed in BEDS else "room"
    if place.backdrop in INDOORS:
        return (bed,)
    beds = [bed]
    if script.time == "night" and bed not in WITHOUT_CRICKETS:
        beds = ["night"] if bed in BIRDS else [bed, "night"]
    weather = words.weathers[script.weather].ambience if script.weather else None
    if weather in BEDS and weather not in beds:
        beds = [weather] if weather == "rain" and bed in BIRDS else [*beds, weather]
    return tuple(beds)


def ambience(beds: tuple[str, ...], samples: int, rng: Rng) -> Samples:
    """Return the beds (samples, 2), soft enough to lie under impacts; both ears differ."""
    t = np.asarray(np.arange(samples) / SAMPLE_RATE_HZ, np.float32)
    out = np.zeros((samples, 2), np.float32)
    for bed in beds:
        for ear in range(2):
            out[:, ear] += BEDS[bed](t, rng)
    return out


def _swell(t: Samples, period: float, rng: Rng) -> Samples:
    """A slow wave between 0 and 1, never quite the same."""
    a, b = rng.uniform(0.0, math.tau, 2)
    slow = 0.3 * np.sin(math.tau * t / period + a)
    return np.asarray(0.5 + slow + 0.2 * np.sin(math.tau * t / (period * 0.61) + b), np.float32)


def _scattered(
    t: Samples, a_second: float, made: Callable[[], Samples], rng: Rng
) -> NDArray[np.float32]:
    """Short sounds at random moments."""
    out = np.zeros(len(t), np.float32)
    for _ in range(max(1, round(len(t) / SAMPLE_RATE_HZ * a_second))):
        at, tone = int(rng.integers(len(t))), made()
        tone = tone[: len(t) - at]
        out[at : at + len(tone)] += tone
    return out


def _room(t: Samples, rng: Rng) -> Samples:
    return 0.006 * noise(len(t), 40, 500, 0.8, rng)


def _surf(t: Samples, rng: Rng) -> Samples:
    wash = noise(len(t), 200, 6000, 0.5, rng) * (0.25 + _swell(t, 6.5, rng)) ** 2
    return 0.028 * wash + 0.02 * noise(len(t), 40, 250, 0.8, rng)


def _sea(t: Samples, rng: Rng) -> Samples:
    """Open water: slow swell, wind over it, a gull now and then."""
    swell = noise(len(t), 60, 900, 0.6, rng) * (0.3 + _swell(t, 5.0, rng)) ** 2
    gulls = _scattered(t, 0.05, lambda: 0.12 * called(CALLS["seagull"], rng), rng)
    return 0.028 * swell + 0.01 * noise(len(t), 500, 4000, 0.5, rng) + gulls


def _lake(t: Samples, rng: Rng) -> Samples:
    laps = _scattered(t, 1.5, lambda: 0.012 * bubble(float(rng.uniform(300, 900))), rng)
    wash = noise(len(t), 200, 1800, 0.5, rng) * (0.2 + _swell(t, 2.3, rng)) ** 2
    return 0.012 * wash + 0.004 * noise(len(t), 300, 4500, 0.5, rng) + laps


def _pool(t: Samples, rng: Rng) -> Samples:
    """Water in a tiled hall."""
    drips = _scattered(t, 0.8, lambda: 0.02 * bubble(float(rng.uniform(900, 2600))), rng)
    wash = noise(len(t), 300, 2600, 0.4, rng) * (0.2 + _swell(t, 1.9, rng)) ** 2
    return 0.012 * wash + 0.012 * noise(len(t), 60, 600, 0.7, rng) + drips


def _wind(t: Samples, rng: Rng) -> Samples:
    gust = 0.3 + _swell(t, 4.5, rng)
    whistle = noise(len(t), 420, 640, 0.0, rng) * _swell(t, 3.1, rng) ** 2
    return np.asarray(0.022 * noise(len(t), 60, 700, 0.6, rng) * gust + 0.006 * whistle, np.float32)


def _city(t: Samples, rng: Rng) -> Samples:
    passing = noise(len(t), 90, 900, 0.6, rng) * _swell(t, 5.0, rng) ** 2
    return 0.02 * noise(len(t), 35, 180, 0.7, rng) + 0.016 * passing


def _birds(t: Samples, rng: Rng) -> Samples:
    bed = 0.008 * noise(len(t), 300, 4500, 0.5, rng) * (0.6 + _swell(t, 5.0, rng))
    return bed + _scattered(t, 1.3, lambda: _song(rng), rng)


def _forest(t: Samples, rng: Rng) -> Samples:
    """Leaves above, birds farther off than in a meadow."""
    leaves = noise(len(t), 1500, 7000, 0.2, rng) * (0.2 + _swell(t, 4.0, rng)) ** 2
    songs = _scattered(t, 0.8, lambda: 0.7 * _song(rng), rng)
    return np.asarray(0.01 * leaves + songs, np.float32)


def _song(rng: Rng) -> Samples:
    """A few falling or rising whistles in a row."""
    base, bend = float(rng.uniform(2300.0, 4600.0)), float(rng.uniform(-0.3, 0.35))
    level = float(rng.uniform(0.004, 0.014))
    parts = []
    for _ in range(int(rng.integers(2, 6))):
        tone = chirp(base, base * (1.0 + bend), float(rng.uniform(0.05, 0.13)))
        parts.append(level * tone * np.sin(math.pi * np.linspace(0.0, 1.0, len(tone))) ** 2)
        parts.append(np.zeros(int(rng.uniform(0.03, 0.1) * SAMPLE_RATE_HZ)))
    return np.asarray(np.concatenate(parts), np.float32)


def _night(t: Samples, rng: Rng) -> Samples:
    """Crickets: a few of them, each with its own pitch and pulse."""
    out = 0.005 * noise(len(t), 200, 2500, 0.6, rng)
    for _ in range(3):
        hz, rate = float(rng.uniform(3900, 4900)), float(rng.uniform(1.6, 2.6))
        phase, level = float(rng.uniform(0, 1)), float(rng.uniform(0.003, 0.008))
        chirping = np.clip(np.sin(math.tau * (rate * t + phase)) - 0.2, 0.0, 1.0)
        pulses = 0.5 - 0.5 * np.cos(math.tau * 31.0 * t)
        out = out + level * np.sin(math.tau * hz * t) * chirping * pulses
    return np.asarray(out, np.float32)


def _rain(t: Samples, rng: Rng) -> Samples:
    drops = np.abs(noise(len(t), 1500, 9000, 0.0, rng)) ** 3
    signs = np.where(rng.random(len(t), dtype=np.float32) < 0.5, -1.0, 1.0)
    return np.asarray(0.02 * noise(len(t), 400, 8000, 0.3, rng) + 0.004 * drops * signs, np.float32)


def _space(t: Samples, rng: Rng) -> Samples:
    drone = np.zeros_like(t)
    for hz in (55.0, 82.5, 110.4, 165.2):
        drone += np.sin(math.tau * hz * t + rng.uniform(0, math.tau)) * _swell(t, 7.0, rng)
    return np.asarray(0.012 * drone + 0.004 * noise(len(t), 80, 900, 0.8, rng), np.float32)


def _crowd(t: Samples, rng: Rng) -> Samples:
    """A hall of people: voices as bands of noise that rise and fall like syllables."""
    out = np.zeros_like(t)
    for _ in range(7):
        low = float(rng.uniform(180.0, 700.0))
        syllables = np.clip(noise(len(t), 1.5, 5.0, 0.0, rng), 0.0, 3.0)
        out += noise(len(t), low, low * 2.2, 0.6, rng) * syllables
    return np.asarray(0.006 * out + 0.005 * noise(len(t), 60, 500, 0.8, rng), np.float32)


def _stage(t: Samples, rng: Rng) -> Samples:
    """An audience that listens: hardly a murmur, and applause as the clip ends."""
    last = max(float(t[-1]), 1e-3) if len(t) else 1.0
    rise = np.clip((t - (last - min(2.2, 0.4 * last))) / 0.7, 0.0, 1.0)
    claps = _scattered(t, 45.0, lambda: _clap(rng), rng)
    applause = claps + 0.02 * noise(len(t), 900, 5000, 0.3, rng)
    return np.asarray(0.3 * _crowd(t, rng) + rise * applause, np.float32)


def _clap(rng: Rng) -> Samples:
    length = round(0.035 * SAMPLE_RATE_HZ)
    hz = float(rng.uniform(800.0, 2000.0))
    decay = np.exp(-np.arange(length) / (0.006 * SAMPLE_RATE_HZ))
    burst = noise(length, hz, 2.2 * hz, 0.0, rng) * decay
    return np.asarray(float(rng.uniform(0.01, 0.04)) * burst, np.float32)


BEDS: dict[str, Callable[[Samples, Rng], Samples]] = {
    "room": _room,
    "surf": _surf,
    "sea": _sea,
    "lake": _lake,
    "pool": _pool,
    "wind": _wind,
    "city": _city,
    "birds": _birds,
    "forest": _forest,
    "night": _night,
    "rain": _rain,
    "space": _space,
    "crowd": _crowd,
    "stage": _stage,
}
