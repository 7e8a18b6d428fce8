"""Timbre: the spectral envelope of speech, moved or given another source.

Source and filter (Fant 1960); the envelope is the smooth part of the cepstrum.
"""

import numpy as np
from numpy.typing import NDArray

FRAME, HOP = 1024, 256  # samples at 22.05 kHz: 46 ms, every 12 ms
SMOOTH = 56  # cepstral coefficients that are envelope; the pitch of the voice lies far above
TONE_HZ_SHARE = 0.14  # of the sampling rate: below it a frame is voiced, above it breath

Samples = NDArray[np.float32]
Array = NDArray[np.float64]


def warped(sound: Samples, factor: float) -> Samples:
    """Move the formants by `factor`; pitch and length stay."""
    spectra, window = _spectra(sound)
    if abs(factor - 1.0) < 0.01:
        return sound
    envelope = _log_envelope(spectra)
    return _joined(spectra * np.exp(_moved(envelope, factor) - envelope), window, len(sound))


def whispered(sound: Samples, factor: float) -> Samples:
    """Replace the vocal cords by breath; the formants move by `factor`."""
    spectra, window = _spectra(sound)
    breath = np.random.default_rng(len(sound)).standard_normal(len(sound))
    noise, _ = _spectra(breath.astype(np.float32))
    envelope = _moved(_log_envelope(spectra), factor)
    tilt = np.linspace(0.25, 1.0, spectra.shape[1]) ** 0.5  # whispers have little below
    return _joined(noise * np.exp(envelope) * tilt / 18.0, window, len(sound))


def robotic(sound: Samples, factor: float, *, period: int) -> Samples:
    """Speak at one pitch: pulses `period` samples apart, filtered as the voice was."""
    spectra, window = _spectra(sound)
    envelope = _moved(_log_envelope(spectra), factor)
    pulses = np.zeros(len(sound), np.float32)
    pulses[::period] = np.sqrt(period)
    breath = np.random.default_rng(len(sound)).standard_normal(len(sound)).astype(np.float32)
    power = np.abs(spectra) ** 2
    low = max(1, int(TONE_HZ_SHARE * spectra.shape[1]))
    tone = power[:, :low].sum(axis=1) / (power.sum(axis=1) + 1e-9)
    source = np.sqrt(tone)[:, None] * _spectra(pulses)[0]
    source = source + np.sqrt(1.0 - tone)[:, None] * _spectra(breath)[0]
    return _joined(source * np.exp(envelope) / 18.0, window, len(sound))


def resampled(sound: Samples, samples: int) -> Samples:
    """Stretch to a number of samples, band-limited."""
    padded = np.pad(sound, (0, -len(sound) % 512))  # lengths that the FFT likes
    wanted = round(len(padded) * samples / max(1, len(sound)))
    spectrum = np.fft.rfft(padded)
    bins = min(len(spectrum), wanted // 2 + 1)
    out = np.fft.irfft(spectrum[:bins], wanted) * (wanted / len(padded))
    return np.asarray(out[:samples], np.float32)


def _spectra(sound: Samples) -> tuple[NDArray[np.complex128], Array]:
    window = np.sqrt(np.hanning(FRAME + 1)[:-1])
    padded = np.pad(sound, (FRAME, FRAME + (-len(sound)) % HOP))
    frames = np.lib.stride_tricks.sliding_window_view(padded, FRAME)[::HOP]
    return np.fft.rfft(frames * window, axis=1), window


def _joined(spectra: NDArray[np.complex128], window: Array, samples: int) -> Samples:
    """Overlap and add; the window was applied once before, and is once more."""
    frames = np.fft.irfft(spectra, FRAME, axis=1) * window
    parts = frames.reshape(len(frames), FRAME // HOP, HOP)
    out = np.zeros((len(frames) + FRAME // HOP, HOP))
    for k in range(FRAME // HOP):
        out[k : k + len(frames)] += parts[:, k]
    whole = out.reshape(-1)[FRAME : FRAME + samples] / (FRAME / HOP / 2.0)
    return np.asarray(whole, np.float32)


def _log_envelope(spectra: NDArray[np.complex128]) -> Array:
    log = np.log(np.abs(spectra) + 1e-4)
    cepstrum = np.fft.irfft(log, FRAME, axis=1)
    cepstrum[:, SMOOTH : FRAME - SMOOTH + 1] = 0.0
    return np.asarray(np.fft.rfft(cepstrum, axis=1).real)


def _moved(envelope: Array, factor: float) -> Array:
    """What lies at a frequency comes to lie at `factor` times it."""
    bins = envelope.shape[1]
    at = np.minimum(np.arange(bins) / factor, bins - 1.0)
    low = np.minimum(at.astype(int), bins - 2)
    share = at - low
    return np.asarray(envelope[:, low] * (1.0 - share) + envelope[:, low + 1] * share)
