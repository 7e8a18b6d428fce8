"""Ambience: the bed of sound of a place, synthesised from shaped noise and a few voices."""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from engine.mp4 import SAMPLE_RATE_HZ

Samples = NDArray[np.float32]


def ambience(name: str, samples: int, rng: np.random.Generator) -> Samples:
    """Return the bed (samples, 2), soft enough to lie under impacts; both ears differ."""
    t = np.arange(samples) / SAMPLE_RATE_HZ
    return np.stack([BEDS[name](t, rng) for _ in range(2)], axis=1).astype(np.float32)


def _shaped(
    t: NDArray[np.float64], low_hz: float, high_hz: float, slope: float, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Noise of unit variance between two frequencies, falling by `slope` powers of frequency."""
    hz = np.fft.rfftfreq(len(t), 1.0 / SAMPLE_RATE_HZ)
    rise = 1.0 / (1.0 + (low_hz / np.maximum(hz, 1e-3)) ** 4)
    shape = rise / (1.0 + (hz / high_hz) ** 4) / np.maximum(hz, 20.0) ** slope
    noise = np.fft.irfft(np.fft.rfft(rng.standard_normal(len(t))) * shape, len(t))
    return np.asarray(noise / (noise.std() + 1e-12))


def _swell(t: NDArray[np.float64], period: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """A slow wave between 0 and 1, never quite the same."""
    a, b = rng.uniform(0.0, math.tau, 2)
    slow = 0.3 * np.sin(math.tau * t / period + a)
    return np.asarray(0.5 + slow + 0.2 * np.sin(math.tau * t / (period * 0.61) + b))


def _room(t: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    return 0.006 * _shaped(t, 40, 500, 0.8, rng)


def _surf(t: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    wash = _shaped(t, 200, 6000, 0.5, rng) * (0.25 + _swell(t, 6.5, rng)) ** 2
    return 0.028 * wash + 0.02 * _shaped(t, 40, 250, 0.8, rng)


def _wind(t: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    gust = 0.3 + _swell(t, 4.5, rng)
    whistle = _shaped(t, 420, 640, 0.0, rng) * _swell(t, 3.1, rng) ** 2
    return 0.022 * _shaped(t, 60, 700, 0.6, rng) * gust + 0.006 * whistle


def _city(t: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    passing = _shaped(t, 90, 900, 0.6, rng) * _swell(t, 5.0, rng) ** 2
    return 0.02 * _shaped(t, 35, 180, 0.7, rng) + 0.016 * passing


def _birds(t: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    bed = 0.008 * _shaped(t, 300, 4500, 0.5, rng) * (0.6 + _swell(t, 5.0, rng))
    for _ in range(max(1, int(t[-1] * 1.3))):
        bed += _chirp(t, rng)
    return bed


def _chirp(t: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    """A few falling or rising whistles in a row."""
    out = np.zeros_like(t)
    at, base = float(rng.uniform(0.0, t[-1])), float(rng.uniform(2300.0, 4600.0))
    bend, level = float(rng.uniform(-0.3, 0.35)), float(rng.uniform(0.004, 0.014))
    for _ in range(int(rng.integers(2, 6))):
        length = float(rng.uniform(0.05, 0.13))
        first = int(at * SAMPLE_RATE_HZ)
        last = min(len(t), first + int(length * SAMPLE_RATE_HZ))
        u = np.linspace(0.0, 1.0, max(0, last - first))
        phase = math.tau * base * length * (u + 0.5 * bend * u * u)
        out[first:last] += level * np.sin(phase) * np.sin(math.pi * u) ** 2
        at += length + float(rng.uniform(0.03, 0.1))
    return out


def _rain(t: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    drops = np.abs(_shaped(t, 1500, 9000, 0.0, rng)) ** 3
    return 0.02 * _shaped(t, 400, 8000, 0.3, rng) + 0.004 * drops * np.sign(
        rng.standard_normal(len(t))
    )


def _space(t: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    drone = np.zeros_like(t)
    for hz in (55.0, 82.5, 110.4, 165.2):
        drone += np.sin(math.tau * hz * t + rng.uniform(0, math.tau)) * _swell(t, 7.0, rng)
    return 0.012 * drone + 0.004 * _shaped(t, 80, 900, 0.8, rng)


BEDS: dict[str, Callable[[NDArray[np.float64], np.random.Generator], NDArray[np.float64]]] = {
    "room": _room,
    "surf": _surf,
    "wind": _wind,
    "city": _city,
    "birds": _birds,
    "rain": _rain,
    "space": _space,
}
