"""Spoken digits: pocketsphinx (BSD) with a grammar of digits; its model lies in the wheel.

The recogniser is small and knows no noise: of 72 triples by six synthetic voices it hears all in a
quiet room, 67 with white noise 20 dB below the voice, 50 at 12 dB. That takes several readings of
the same sound, of which a caller who knows what should be said accepts any.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from perception import whisper

if TYPE_CHECKING:
    from pocketsphinx import Decoder

RATE_HZ: Final = 16_000
# Without 0 ("oh", "zero") and 8, which is heard wrong most often.
WORDS: Final = {
    "one": 1,
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "seven": 7,
    "nine": 9,
}
DIGITS: Final = tuple(WORDS.values())

LEAST_VOICE_SECONDS: Final = 0.3
_LEAST_PEAK = 100  # of 32,768: below it there is nothing but the converter's own noise
_PEAK = 20_000.0
_DITHER = 12.0  # digital silence upsets the recogniser's estimate of the channel
_VAD_SECONDS, _VAD_STRICTEST = 0.03, 3
_MARGIN_SECONDS = 0.3
_LOUD = 0.1  # of the loudest moment: where speech begins and ends

Sound = npt.NDArray[np.int16]


@dataclass(frozen=True, slots=True)
class Heard:
    """What was heard in a recording."""

    voice_seconds: float  # of anything that sounds like a voice; noise may
    readings: tuple[tuple[int, ...], ...]  # digits, the likeliest reading first; empty: no voice

    @property
    def is_silent(self) -> bool:
        """Return whether nobody spoke."""
        return self.voice_seconds < LEAST_VOICE_SECONDS


def heard_digits(sound: Sound, *, count: int, hoped: tuple[int, ...] = ()) -> Heard:
    """Recognise digits that are said in English, one after the other.

    About 0.2 s of one core per second of sound, and 0.2 s and 60 MB at the first call.

    Args:
        sound: mono samples at `RATE_HZ`.
        count: how many digits to expect; each reading has so many.
        hoped: with the reading that equals it the work ends; without it Whisper is asked too,
            where it is installed.

    Returns:
        Nothing of it is random: the same sound is always heard alike.
    """
    if sound.size == 0 or int(np.abs(sound.astype(np.int32)).max()) < _LEAST_PEAK:
        return Heard(0.0, ())
    voice_seconds = _voice_seconds(sound)
    if voice_seconds < LEAST_VOICE_SECONDS:
        return Heard(voice_seconds, ())
    whole = _levelled(sound.astype(np.float64))
    spoken = _trimmed(whole)
    readings = [_decoded(spoken, count)]
    if hoped not in readings:
        readings.append(_decoded(whole, count))
    if hoped not in readings:
        readings.append(_decoded(_trimmed(_denoised(spoken)), count))
    if hoped and hoped not in readings and whisper.is_installed():
        readings.append(whisper.whispered_digits(sound, count=count))
    return Heard(voice_seconds, tuple(dict.fromkeys(each for each in readings if each)))


def _voice_seconds(sound: Sound) -> float:
    from pocketsphinx import Vad  # noqa: PLC0415 a native library with its models

    vad = Vad(mode=_VAD_STRICTEST, sample_rate=RATE_HZ, frame_length=_VAD_SECONDS)
    step = vad.frame_bytes
    raw = sound.astype("<i2").tobytes()
    frames = (raw[at : at + step] for at in range(0, len(raw) - step + 1, step))
    return _VAD_SECONDS * sum(bool(vad.is_speech(frame)) for frame in frames)


def _levelled(samples: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    noise = np.random.default_rng(0).standard_normal(len(samples)) * _DITHER
    return samples * (_PEAK / float(np.abs(samples).max())) + noise


def _trimmed(samples: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Cut what lies well before the first and after the last loud moment."""
    window = RATE_HZ // 32
    loudness = np.convolve(np.abs(samples), np.full(window, 1 / window), "same")
    loud = np.flatnonzero(loudness > _LOUD * loudness.max())
    margin = round(_MARGIN_SECONDS * RATE_HZ)
    return samples[max(0, loud[0] - margin) : loud[-1] + margin]


def _denoised(samples: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Subtract the spectrum of the quietest fifth (Boll 1979), down to a floor."""
    size, hop = 512, 128
    window = np.hanning(size)
    padded = np.pad(samples, size)
    frames = np.lib.stride_tricks.sliding_window_view(padded, size)[::hop] * window
    spectra = np.fft.rfft(frames, axis=1)
    power = np.abs(spectra) ** 2
    energy = power.sum(axis=1)
    noise = power[energy <= np.quantile(energy, 0.2)].mean(axis=0)
    gain = np.sqrt(np.maximum(1.0 - 1.5 * noise / np.maximum(power, 1e-9), 0.05))
    cleaned = np.fft.irfft(spectra * gain, axis=1) * window
    out, weight = np.zeros(len(padded)), np.full(len(padded), 1e-3)
    for i, frame in enumerate(cleaned):
        out[i * hop : i * hop + size] += frame
        weight[i * hop : i * hop + size] += window**2
    return _levelled((out / weight)[size:-size])


def _decoded(samples: npt.NDArray[np.float64], count: int) -> tuple[int, ...]:
    decoder = _decoder(count)
    decoder.start_utt()
    decoder.process_raw(samples.clip(-32_768, 32_767).astype("<i2").tobytes(), full_utt=True)
    decoder.end_utt()
    best = decoder.hyp()
    words = best.hypstr.split() if best else []
    return tuple(WORDS[word.partition("(")[0]] for word in words)  # "one(2)": a pronunciation


@cache
def _decoder(count: int) -> Decoder:
    from pocketsphinx import Decoder  # noqa: PLC0415

    decoder = Decoder(loglevel="FATAL", lm=None)
    digits = " ".join(["<digit>"] * count)
    choice = " | ".join(WORDS)
    decoder.add_jsgf_string(
        "digits",
        f"#JSGF V1.0; grammar digits; public <said> = {digits}; <digit> = {choice};",
    )
    decoder.activate_search("digits")
    return decoder
