"""Loudness: measured as broadcasters do it (ITU-R BS.1770-5), and set."""

import math

import numpy as np
from numpy.typing import NDArray

from engine.mp4 import SAMPLE_RATE_HZ

TARGET_LUFS = -15.0
PEAK = 0.84  # -1.5 dBFS; the AAC encoder may overshoot a little
MAX_GAIN = 12.0  # a clip in which next to nothing sounds stays quiet
LOOK_AHEAD_SECONDS = 0.004
ROUNDS = 3

Samples = NDArray[np.float32]


def loudness_lufs(sound: Samples) -> float:
    """Integrated, gated loudness of (samples, 2) at 48 kHz; -70 for silence."""
    heard = _k_weighted(sound)
    block, hop = round(0.4 * SAMPLE_RATE_HZ), round(0.1 * SAMPLE_RATE_HZ)
    squares = np.cumsum(np.vstack([np.zeros((1, 2)), heard**2]), axis=0)
    starts = np.arange(0, max(1, len(heard) - block + 1), hop)
    ends = np.minimum(starts + block, len(heard))
    power = (squares[ends] - squares[starts]).sum(axis=1) / block
    power = power[power > 10 ** ((-70.0 + 0.691) / 10.0)]
    if not len(power):
        return -70.0
    power = power[power > power.mean() * 0.1]
    return -0.691 + 10.0 * math.log10(float(power.mean()))


def normalised(sound: Samples) -> Samples:
    """Bring the sound to the target loudness; peaks are held by a look-ahead limiter."""
    out = sound
    gain = 1.0
    for _ in range(ROUNDS):
        missing = TARGET_LUFS - loudness_lufs(out)
        gain = min(gain * 10.0 ** (missing / 20.0), MAX_GAIN)
        out = _limited(sound * np.float32(gain))
    return out


def _limited(sound: Samples) -> Samples:
    """Turn down smoothly around every peak, never above `PEAK`."""
    level = np.abs(sound).max(axis=1)
    if not len(level) or level.max() <= PEAK:
        return sound
    needed = np.minimum(1.0, PEAK / np.maximum(level, 1e-9))
    reach = round(LOOK_AHEAD_SECONDS * SAMPLE_RATE_HZ)
    # The smallest gain within reach, then averaged over the same reach: never above what is needed.
    padded = np.pad(needed, reach, mode="edge")
    held = _sliding_minimum(padded, 2 * reach + 1)
    window = np.hanning(2 * reach + 3)[1:-1]
    smooth = np.convolve(np.pad(held, reach, mode="edge"), window / window.sum(), mode="valid")
    return np.asarray(sound * np.minimum(smooth, needed)[:, None], np.float32)


def _sliding_minimum(values: NDArray[np.float64], width: int) -> NDArray[np.float64]:
    """Minimum of every window of `width`, by doubling: O(n log width)."""
    out: NDArray[np.float64] = values
    span = 1
    while span < width:
        shift = min(span, width - span)
        out = np.minimum(out[:-shift], out[shift:])
        span += shift
    return out


def _k_weighted(sound: Samples) -> NDArray[np.float64]:
    """Apply the two filters of BS.1770 (head, then low cut; coefficients for 48 kHz) by FFT."""
    z = np.exp(-2j * np.pi * np.fft.rfftfreq(len(sound)))
    head = (1.53512485958697 - 2.69169618940638 * z + 1.19839281085285 * z**2) / (
        1.0 - 1.69065929318241 * z + 0.73248077421585 * z**2
    )
    cut = (1.0 - 2.0 * z + z**2) / (1.0 - 1.99004745483398 * z + 0.99007225036621 * z**2)
    spectrum = np.fft.rfft(sound.astype(np.float64), axis=0) * (head * cut)[:, None]
    return np.asarray(np.fft.irfft(spectrum, len(sound), axis=0))
