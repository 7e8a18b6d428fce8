"""What moves sounds: it rolls, slides, rushes through the air, or swings and creaks."""

import numpy as np

from engine.engines.scene.scene.world import WORLD
from engine.engines.scene.sound.heard import (
    Array,
    Samples,
    Scored,
    add_tone,
    drawn_out,
    noise,
    placed,
    sawtooth,
)
from engine.mp4 import SAMPLE_RATE_HZ

LOUDEST = 3  # that many roll, slide or rush at once; more only blur
SLIDE_FROM = 0.12  # m/s
RUSH_FROM = 3.5  # m/s: slower, and the air is not heard
RUSH_BANDS = ((180.0, 700.0), (500.0, 1900.0))  # Hz; the second joins with speed


def add_rolling(mix: Samples, take: Scored, rng: np.random.Generator) -> None:
    """A rumble for each thing that rolls and a scrape for each that slides, as loud as it is."""
    bodies, rolling = take.world.bodies, take.motion.rolling
    limbs = {body for actor in take.world.actors for body in actor.bodies}
    strength = np.clip(rolling - SLIDE_FROM, 0.0, 4.0)
    strength *= np.array(
        [0.0 if i in limbs else min(b.mass, 20.0) ** 0.3 for i, b in enumerate(bodies)]
    )
    for body in _loudest(strength):
        is_round = bodies[body].is_round
        low, high, level = (60.0, 900.0, 0.022) if is_round else (250.0, 3200.0, 0.008)
        swell = drawn_out(_softened(strength[:, body])[:, None] * take.gains(body), len(mix))
        mix += (level * swell * noise(len(mix), low, high, 1.0, rng)[:, None]).astype(np.float32)


def add_rush(mix: Samples, take: Scored, rng: np.random.Generator) -> None:
    """The whoosh of fast things: air noise that rises with speed to the third power or so."""
    movable = [i for i, body in enumerate(take.world.bodies) if not body.is_fixed]
    if not movable:
        return
    speeds = np.stack([take.speeds(i) for i in movable], axis=1)
    size = np.array([min(1.0, take.world.bodies[i].girth) for i in movable])
    strength = np.clip((speeds - RUSH_FROM) / 8.0, 0.0, 2.0) ** 1.5 * size**0.5
    for k in _loudest(strength):
        swell = drawn_out(_softened(strength[:, k])[:, None] * take.gains(movable[k]), len(mix))
        for band, (low, high) in enumerate(RUSH_BANDS):
            air = noise(len(mix), low, high, 0.3, rng)[:, None]
            mix += (0.05 * swell ** (1 + band) * air).astype(np.float32)


def add_creaks(mix: Samples, take: Scored, fps: int, rng: np.random.Generator) -> None:
    """What hangs from something fixed creaks where it turns back."""
    for joint in take.world.joints:
        if joint.parent != WORLD and not take.world.bodies[joint.parent].is_fixed:
            continue
        if joint.kind == "fixed" or joint.at[2] < 1.0:
            continue  # wheels and doors do not swing
        body = joint.child
        speed = take.speeds(body)
        for frame in range(1, len(speed) - 1):
            slows = speed[frame] <= speed[frame - 1] and speed[frame] < speed[frame + 1]
            if slows and speed[max(0, frame - fps) : frame].max() > 0.4:
                gains = placed(take.cameras[frame], take.motion.positions[frame, body])
                add_tone(mix, creak(rng), round(frame / fps * SAMPLE_RATE_HZ), gains)


def creak(rng: np.random.Generator) -> Samples:
    """Stick and slip of a dry hinge; mono."""
    seconds = float(rng.uniform(0.18, 0.32))
    u = np.linspace(0.0, 1.0, round(seconds * SAMPLE_RATE_HZ))
    base = float(rng.uniform(150.0, 210.0))
    hz = base * (1.0 + 0.5 * u + 0.06 * np.sin(2 * np.pi * 23.0 * u))
    rough = 0.6 + 0.4 * noise(len(u), 20.0, 90.0, 0.0, rng)
    return np.asarray(0.03 * sawtooth(hz, 30, 0.6) * rough * np.sin(np.pi * u) ** 0.7, np.float32)


def _loudest(strength: Array) -> list[int]:
    """Columns that sound at all, the strongest first."""
    if not strength.size:
        return []
    peak = strength.max(axis=0)
    return [int(i) for i in np.argsort(-peak)[:LOUDEST] if peak[i] > 0.0]


def _softened(values: Array) -> Array:
    return np.convolve(np.pad(values, 1, mode="edge"), (0.25, 0.5, 0.25), mode="valid")
