"""Droplets: what a splash throws up, as a crown and then a jet, each drop on its parabola."""

import math

import numpy as np
from numpy.typing import NDArray

from engine.engines.scene.physics.motion import Splash

MOST_DROPLETS = 300
DROPS_PER_ROOT_JOULE = 14.0
MAX_DROPS = 140  # of one splash
CROWN_ANGLE = math.radians(62.0)  # above the water
JET_SHARE = 0.2
LIFE_SECONDS = 2.5

Array = NDArray[np.float64]


def droplets_at(
    splashes: tuple[Splash, ...], clock: Array, gravity: float
) -> tuple[NDArray[np.float32], ...]:
    """The drops in the air at each time of `clock`: (k, 4) of x, y, z and radius in m.

    The same splashes give the same drops, and the larger ones are kept when there are too many.
    """
    thrown = [_thrown(number, splash, gravity) for number, splash in enumerate(splashes)]
    drops = np.concatenate(thrown) if thrown else np.empty((0, 9))
    frames = []
    for now in clock:
        age = now - drops[:, 0]
        alive = drops[(age >= 0.0) & (age < LIFE_SECONDS)]
        age = (now - alive[:, 0])[:, None]
        at = alive[:, 1:4] + alive[:, 4:7] * age
        at[:, 2] -= 0.5 * gravity * age[:, 0] ** 2
        seen = np.column_stack([at, alive[:, 7]])[at[:, 2] > alive[:, 8]]
        if len(seen) > MOST_DROPLETS:
            seen = seen[np.argsort(-seen[:, 3], kind="stable")[:MOST_DROPLETS]]
        frames.append(seen.astype(np.float32))
    return tuple(frames)


def _thrown(number: int, splash: Splash, gravity: float) -> Array:
    """(k, 9): second, place, velocity, radius of each drop, and the height where it ends."""
    rng = np.random.default_rng((number, splash.body))
    count = int(min(MAX_DROPS, DROPS_PER_ROOT_JOULE * math.sqrt(splash.energy)))
    # The energy of the splash, spent on lifting about a body's own volume of water.
    water = 1000.0 * 4.19 * splash.size**3
    speed = min(0.8 * math.sqrt(2.0 * splash.energy / water), 5.5)
    is_jet = rng.random(count) < JET_SHARE
    around = rng.uniform(0.0, math.tau, count)
    rise = np.where(is_jet, math.radians(84.0), CROWN_ANGLE + 0.2 * rng.standard_normal(count))
    fast = speed * np.where(is_jet, 1.0, rng.uniform(0.45, 1.05, count))
    # The jet rises when the hole has filled again.
    late = np.where(is_jet, 1.6 * math.sqrt(splash.size / max(gravity, 0.5)), 0.0)
    out = splash.size * np.where(is_jet, 0.15 * rng.random(count), 0.95)
    c, s = np.cos(around), np.sin(around)
    x, y, z = splash.position
    return np.column_stack(
        [
            splash.seconds + late + rng.uniform(0.0, 0.05, count),
            x + out * c,
            y + out * s,
            np.full(count, z),
            fast * np.cos(rise) * c,
            fast * np.cos(rise) * s,
            fast * np.sin(rise),
            np.clip(0.05 * splash.size * rng.lognormal(0.0, 0.4, count), 0.004, 0.03),
            np.full(count, z - 0.01),
        ]
    )
