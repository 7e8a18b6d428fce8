"""Water: splashes by their energy, and waves that lap at what floats."""

import numpy as np

from engine.engines.scene.physics.motion import Splash
from engine.engines.scene.sound.footsteps import bubble
from engine.engines.scene.sound.heard import Samples, Scored, add_tone, drawn_out, noise, placed
from engine.mp4 import SAMPLE_RATE_HZ

MAX_SPLASHES = 60  # the strongest of a take
LAP_LEVEL = 0.05


def add_splashes(mix: Samples, take: Scored, fps: int, rng: np.random.Generator) -> None:
    """Add every splash that the take shows."""
    seen = [
        (frame, splash)
        for splash in take.motion.splashes
        if (frame := take.frame_of(splash.seconds)) is not None
    ]
    for frame, splash in sorted(seen, key=lambda pair: -pair[1].energy)[:MAX_SPLASHES]:
        gains = placed(take.cameras[int(frame)], np.array(splash.position))
        add_tone(mix, splashing(splash, rng), round(frame / fps * SAMPLE_RATE_HZ), gains)


def splashing(splash: Splash, rng: np.random.Generator) -> Samples:
    """A slap, the bubbles it drags down, and the drops that fall back; mono."""
    energy = max(splash.energy, 1e-3)
    seconds = float(np.clip(0.5 + 0.25 * np.log10(1.0 + energy), 0.4, 1.6))
    t = np.arange(round(seconds * SAMPLE_RATE_HZ), dtype=np.float32) / SAMPLE_RATE_HZ
    size = float(np.clip(splash.size, 0.02, 2.0))
    slap = noise(len(t), 90.0, 900.0 / size**0.35, 0.5, rng) * np.exp(-t / (0.05 + 0.08 * size))
    spray = noise(len(t), 1200.0, 9000.0, 0.3, rng)
    spray *= np.minimum(1.0, t / 0.05) * np.exp(-t / (0.3 * seconds))
    tone = 0.55 * slap * np.minimum(1.0, t / 0.001) + 0.2 * spray
    for _ in range(int(np.clip(8.0 + 7.0 * np.log10(1.0 + energy), 6, 40))):
        drop = bubble(float(rng.uniform(260.0, 1700.0)) / size**0.25)
        at = int(rng.beta(1.3, 3.0) * 0.8 * len(t))
        drop = drop[: len(t) - at]
        tone[at : at + len(drop)] += float(rng.uniform(0.08, 0.3)) * drop
    for _ in range(int(np.clip(4.0 + 6.0 * np.log10(1.0 + energy), 3, 30))):
        drop = bubble(float(rng.uniform(1600.0, 5000.0)))
        at = int(rng.uniform(0.3, 0.97) * len(t))
        drop = drop[: len(t) - at]
        tone[at : at + len(drop)] += float(rng.uniform(0.02, 0.1)) * drop
    return np.asarray(0.4 * np.clip(energy, 0.02, 5000.0) ** 0.27 * tone, np.float32)


def add_lapping(mix: Samples, take: Scored, rng: np.random.Generator) -> None:
    """Waves that lap: as loud as the water moves."""
    water = take.motion.water
    if water is None or len(water) < 3:
        return
    moving = np.sqrt(np.mean(np.diff(water, axis=0, prepend=water[:1]) ** 2, axis=(1, 2)))
    strength = np.clip(moving / take.pace / 0.15, 0.15, 2.5) ** 0.7
    swell = drawn_out(strength, len(mix))
    for ear in range(2):
        wash = noise(len(mix), 180.0, 1600.0, 0.4, rng)
        slow = noise(len(mix), 0.4, 2.5, 0.0, rng)
        mix[:, ear] += (LAP_LEVEL * swell * wash * np.clip(0.4 + 0.5 * slow, 0.0, 2.0)).astype(
            np.float32
        )
    for _ in range(int(2.5 * len(mix) / SAMPLE_RATE_HZ)):
        at = int(rng.integers(len(mix)))
        pan = float(rng.uniform(0.2, 0.8))
        level = LAP_LEVEL * float(swell[at] * rng.uniform(0.4, 1.4))
        add_tone(mix, bubble(float(rng.uniform(300, 1100))), at, (level * (1 - pan), level * pan))
