"""Instruments: single notes, by strings that are plucked, tables that are read and FM."""

import math
from collections.abc import Callable
from functools import lru_cache

import numpy as np

from engine.engines.scene.sound.heard import Samples, noise, sawtooth
from engine.mp4 import SAMPLE_RATE_HZ


@lru_cache(maxsize=256)
def note(instrument: str, midi: int, seconds: float) -> Samples:
    """Play one note, mono, peak near 1; it rings out within `seconds` and half a second more."""
    tone = INSTRUMENTS[instrument](440.0 * 2.0 ** ((midi - 69) / 12.0), seconds)
    out = np.asarray(tone / (np.abs(tone).max() + 1e-9), np.float32)
    out.setflags(write=False)
    return out


def _time(seconds: float) -> Samples:
    t = np.arange(round(seconds * SAMPLE_RATE_HZ), dtype=np.float32)
    return np.asarray(t / SAMPLE_RATE_HZ, np.float32)


def _shaped(tone: Samples, attack: float, release: float) -> Samples:
    """Swell in and die away at the end."""
    t = _time(len(tone) / SAMPLE_RATE_HZ)[: len(tone)]
    left = t[-1] - t
    rise = np.minimum(1.0, t / attack)
    return np.asarray(tone * rise * np.minimum(1.0, left / release), np.float32)


def _pluck(hz: float, seconds: float) -> Samples:
    """A plucked string (Karplus & Strong 1983): a burst in a loop that dulls it, in one FFT."""
    length = round((seconds + 0.5) * SAMPLE_RATE_HZ)
    size = 1 << (length + SAMPLE_RATE_HZ // 2).bit_length()
    period = SAMPLE_RATE_HZ / hz
    burst = np.zeros(size, np.float32)
    rng = np.random.default_rng(round(hz * 100))
    burst[: round(period)] = rng.uniform(-1.0, 1.0, round(period))
    w = np.arange(size // 2 + 1) * (2.0 * math.pi / size)
    keep = 0.994 ** (period / 110.0)
    loop = keep * 0.5 * (1.0 + np.exp(-1j * w)) * np.exp(-1j * w * (period - 0.5))
    tone = np.fft.irfft(np.fft.rfft(burst) / (1.0 - loop), size)[:length]
    return _shaped(np.asarray(tone, np.float32), 0.002, 0.25)


def _piano(hz: float, seconds: float) -> Samples:
    t = _time(seconds + 0.5)
    tone = np.zeros_like(t)
    for k in range(1, 9):
        partial = k * hz * math.sqrt(1.0 + 0.0004 * k * k)
        tone += np.exp(-t * (1.2 + 0.9 * k)) * np.sin(math.tau * partial * t) / k**1.15
    return _shaped(tone, 0.004, 0.2)


def _electric_piano(hz: float, seconds: float) -> Samples:
    """Two sines, one bending the other (Chowning 1973)."""
    t = _time(seconds + 0.5)
    bend = 1.6 * np.exp(-3.0 * t) * np.sin(math.tau * hz * t)
    return _shaped(np.exp(-1.6 * t) * np.sin(math.tau * hz * t + bend), 0.005, 0.25)


def _bell(hz: float, seconds: float) -> Samples:
    t = _time(seconds + 0.5)
    bend = 2.2 * np.exp(-2.5 * t) * np.sin(math.tau * 3.51 * hz * t)
    return _shaped(np.exp(-2.2 * t) * np.sin(math.tau * hz * t + bend), 0.002, 0.3)


def _strings(hz: float, seconds: float) -> Samples:
    t = _time(seconds + 0.35)
    shiver = 1.0 + 0.004 * np.sin(math.tau * 5.1 * t) * np.minimum(1.0, t / 0.6)
    tone = sawtooth(hz * 0.998 * shiver, 10, 1.35) + sawtooth(hz * 1.003 * shiver, 10, 1.35)
    return _shaped(tone, 0.22, 0.35)


def _pad(hz: float, seconds: float) -> Samples:
    t = _time(seconds + 0.5)
    tone = sum(sawtooth(np.full_like(t, hz * f), 7, 1.7) for f in (0.996, 1.0, 1.005))
    return _shaped(np.asarray(tone, np.float32), 0.5, 0.5)


def _flute(hz: float, seconds: float) -> Samples:
    t = _time(seconds + 0.12)
    shiver = 1.0 + 0.006 * np.sin(math.tau * 4.8 * t) * np.minimum(1.0, t / 0.5)
    breath = 0.05 * noise(len(t), hz, 3.0 * hz, 0.2, np.random.default_rng(round(hz)))
    return _shaped(sawtooth(hz * shiver, 4, 2.4) + breath, 0.07, 0.12)


def _bass(hz: float, seconds: float) -> Samples:
    t = _time(seconds + 0.1)
    return _shaped(sawtooth(np.full_like(t, hz), 6, 1.6) * np.exp(-1.2 * t), 0.008, 0.1)


def _synth(hz: float, seconds: float) -> Samples:
    t = _time(seconds + 0.15)
    bright = sawtooth(np.full_like(t, hz * 0.997), 22, 0.9)
    bright += sawtooth(np.full_like(t, hz * 1.004), 22, 0.9)
    dull = sawtooth(np.full_like(t, hz), 4, 1.4)
    open_ = np.exp(-6.0 * t)
    return _shaped((open_ * bright + (1.0 - open_) * dull) * np.exp(-1.5 * t), 0.004, 0.1)


def _kick(hz: float, seconds: float) -> Samples:
    t = _time(0.32)
    return _shaped(
        np.sin(math.tau * (hz * t + 7.0 * (1 - np.exp(-t * 24.0)) / 2)) * np.exp(-9 * t),
        0.001,
        0.05,
    )


def _drum(hz: float, seconds: float) -> Samples:
    """A big one, as under a film's title."""
    t = _time(0.9)
    hit = 0.25 * noise(len(t), 80.0, 900.0, 0.6, np.random.default_rng(7)) * np.exp(-18.0 * t)
    return _shaped(
        np.sin(math.tau * (hz * t + 0.6 * (1 - np.exp(-t * 14)))) * np.exp(-5 * t) + hit, 0.002, 0.2
    )


def _snare(hz: float, seconds: float) -> Samples:
    t = _time(0.24)
    rattle = noise(len(t), 900.0, 7000.0, 0.1, np.random.default_rng(11)) * np.exp(-18.0 * t)
    return _shaped(0.5 * np.sin(math.tau * hz * t) * np.exp(-22.0 * t) + 0.5 * rattle, 0.001, 0.05)


def _hat(hz: float, seconds: float) -> Samples:
    t = _time(0.08)
    return _shaped(
        noise(len(t), 6500.0, 15000.0, 0.0, np.random.default_rng(13)) * np.exp(-55 * t),
        0.001,
        0.01,
    )


def _block(hz: float, seconds: float) -> Samples:
    t = _time(0.12)
    return _shaped(np.sin(math.tau * hz * t) * np.exp(-45.0 * t), 0.001, 0.02)


INSTRUMENTS: dict[str, Callable[[float, float], Samples]] = {
    "pluck": _pluck,
    "piano": _piano,
    "electric piano": _electric_piano,
    "bell": _bell,
    "strings": _strings,
    "pad": _pad,
    "flute": _flute,
    "bass": _bass,
    "synth": _synth,
    "kick": _kick,
    "drum": _drum,
    "snare": _snare,
    "hat": _hat,
    "block": _block,
}
