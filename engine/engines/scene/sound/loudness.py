"""Loudness: measured as broadcasters do it (ITU-R BS.1770-5), and set."""

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from engine.mp4 import SAMPLE_RATE_HZ

TARGET_LUFS = -14.0
PEAK = 0.75  # -2.5 dBTP: the AAC encoder overshoots by up to 1.5 dB
MAX_GAIN = 40.0  # a clip in which next to nothing sounds stays quiet
LOOK_AHEAD_SECONDS = 0.004
ROUNDS = 10
NEAR_ENOUGH = 0.1  # LU
OVERSAMPLING = 4  # of true peaks, as BS.1770-5 annex 2 measures them
TAPS = 12  # a phase

Samples = NDArray[np.float32]


def loudness_lufs(sound: Samples) -> float:
    """Integrated, gated loudness of (samples, 2) at 48 kHz; -70 for silence."""
    heard = _k_weighted(sound)
    block, hop = round(0.4 * SAMPLE_RATE_HZ), round(0.1 * SAMPLE_RATE_HZ)
    squares = np.cumsum(np.vstack([np.zeros((1, 2)), heard**2]), axis=0, dtype=np.float64)
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
    peaks = _true_peaks(sound)
    for _ in range(ROUNDS):
        missing = TARGET_LUFS - loudness_lufs(out)
        if abs(missing) < NEAR_ENOUGH:
            break
        gain = min(gain * 10.0 ** (missing / 20.0), MAX_GAIN)
        out = _limited(sound * np.float32(gain), peaks * gain)
    return out


def _true_peaks(sound: Samples) -> NDArray[np.float32]:
    """The highest level at each sample or until the next, of both ears: by interpolation."""
    level = np.abs(sound)
    reach = TAPS // 2
    window = np.hanning(TAPS + 1)[:-1]
    for phase in range(1, OVERSAMPLING):
        shift = phase / OVERSAMPLING
        at = np.arange(TAPS) - reach + shift
        kernel = (np.sinc(at) * np.interp(at + reach, np.arange(TAPS), window)).astype(np.float32)
        for ear in range(sound.shape[1]):
            between = np.convolve(sound[:, ear], kernel, mode="same")
            level[:, ear] = np.maximum(level[:, ear], np.abs(between))
    return np.asarray(level.max(axis=1))


def _limited(sound: Samples, level: NDArray[np.float32]) -> Samples:
    """Turn down smoothly around every peak, never above `PEAK`."""
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


def _k_weighted(sound: Samples) -> Samples:
    """Apply the two filters of BS.1770 (head, then low cut) by FFT."""
    length = len(sound) + -len(sound) % 2400  # the FFT is fast for lengths of small factors
    weighted = np.fft.irfft(
        np.fft.rfft(sound, length, axis=0) * _k_filter(length)[:, None], length, axis=0
    )
    return np.asarray(weighted[: len(sound)], np.float32)


@lru_cache(maxsize=2)
def _k_filter(length: int) -> NDArray[np.complex64]:
    """Its response at the frequencies of an FFT; coefficients for 48 kHz."""
    z = np.exp(-2j * np.pi * np.fft.rfftfreq(length))
    head = (1.53512485958697 - 2.69169618940638 * z + 1.19839281085285 * z**2) / (
        1.0 - 1.69065929318241 * z + 0.73248077421585 * z**2
    )
    cut = (1.0 - 2.0 * z + z**2) / (1.0 - 1.99004745483398 * z + 0.99007225036621 * z**2)
    return np.asarray(head * cut, np.complex64)
