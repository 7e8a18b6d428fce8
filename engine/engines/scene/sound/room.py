"""Room: what the walls of a place give back of every sound in it."""

import math

import numpy as np

from engine.engines.scene.sound.heard import Samples
from engine.mp4 import SAMPLE_RATE_HZ

FIRST_SECONDS = 0.012  # before the first wall answers
STRENGTH = 0.22


def echo(dry: Samples, seconds: float, rng: np.random.Generator) -> Samples:
    """A room's tail: decaying noise (T60 in seconds), a little different in each ear."""
    if seconds <= 0.0:
        return np.zeros_like(dry)
    length = round(seconds * SAMPLE_RATE_HZ)
    t = np.arange(length, dtype=np.float32) / length
    total = len(dry) + length
    total += -total % 2400  # the FFT is fast for lengths of small factors
    wet = np.empty_like(dry)
    for ear in range(2):
        tail = rng.standard_normal(length, dtype=np.float32) * np.exp(-6.9 * t)
        tail[: round(FIRST_SECONDS * SAMPLE_RATE_HZ)] = 0.0
        tail *= STRENGTH * math.sqrt(seconds) / np.sqrt((tail**2).sum())
        spectrum = np.fft.rfft(dry[:, ear], total) * np.fft.rfft(tail, total)
        wet[:, ear] = np.fft.irfft(spectrum, total)[: len(dry)]
    return wet
