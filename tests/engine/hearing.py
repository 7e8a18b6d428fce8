"""Ears of the tests that know nothing of the engine: onsets, pitch, loudness, and a recogniser."""

import re
import subprocess
from functools import cache
from pathlib import Path

import imageio_ffmpeg
import numpy as np
from pocketsphinx import Decoder

RATE = 48_000
HOP, FRAME = 240, 960  # samples
BANDS = [0, 2, 4, 8, 16, 32, 64, 128, 200, 319]  # bins of 50 Hz


def onset_seconds(sound: np.ndarray, share: float = 0.4) -> np.ndarray:
    """Onsets by the rise of the logarithmic spectrum within 20 ms (Bello et al. 2005), in order.

    Those whose rise is at least `share` of the strongest.
    """
    mono = np.pad(sound.mean(axis=1), (FRAME - HOP, FRAME))
    frames = np.lib.stride_tricks.sliding_window_view(mono, FRAME)[::HOP] * np.hanning(FRAME)
    level = np.log10(np.abs(np.fft.rfft(frames, axis=1))[:, 1 : BANDS[-1] + 1] + 1e-3)
    bands = np.add.reduceat(level, BANDS[:-1], axis=1) / np.diff(BANDS)
    rise = np.maximum(bands[4:] - bands[:-4], 0.0).mean(axis=1)
    rise[:16] = 0.0  # the film fades in
    strong = rise > share * rise.max()
    starts = np.flatnonzero(strong & ~np.roll(strong, 1))
    return (starts + 4) * HOP / RATE


def pitch_hz(mono: np.ndarray, low: float = 45.0, high: float = 450.0) -> float:
    """Median pitch of the voiced parts, by the harmonic product of the spectrum."""
    frames = np.lib.stride_tricks.sliding_window_view(mono, 4096)[::1200]
    loud = np.sqrt((frames**2).mean(axis=1))
    power = np.abs(np.fft.rfft(frames[loud > 0.5 * loud.max()] * np.hanning(4096), 1 << 16)) ** 2
    log = np.log(power + 1e-6 * power.max())
    step = RATE / (1 << 16)
    bins = np.arange(int(low / step), int(high / step))
    summed = sum(log[:, bins * k] for k in range(1, 6))
    # Half the pitch has every second harmonic in a valley: count the valleys against it.
    between = sum(log[:, (bins * (2 * k - 1)) // 2] for k in range(1, 6))
    return float(np.median(bins[(summed - between).argmax(axis=1)] * step))


def loudness_of_file(file: Path) -> tuple[float, float]:
    """Integrated loudness (LUFS) and true peak (dBTP) as ffmpeg measures them."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-nostats", "-i", str(file)]
    command += ["-af", "ebur128=peak=true", "-f", "null", "-"]
    report = subprocess.run(command, capture_output=True, text=True, timeout=60).stderr
    summary = report[report.rindex("Summary:") :]
    loudness = re.search(r"I:\s+(-?[\d.]+) LUFS", summary)
    peak = re.search(r"Peak:\s+(-?[\d.]+) dBFS", summary)
    return float(loudness[1]), float(peak[1])


def recognised(mono: np.ndarray, *, sentences: tuple[str, ...] = ()) -> str:
    """What a recogniser hears: one of the sentences, or without any, whatever English it knows.

    pocketsphinx with the acoustic and 3-gram language models of its wheel; dithered, for digital
    silence upsets it.
    """
    padded = np.pad(mono, (RATE // 5, RATE // 5 + -len(mono) % 3))
    spectrum = np.fft.rfft(padded)[: len(padded) // 6 + 1]
    slow = np.fft.irfft(spectrum, len(padded) // 3)
    dither = np.random.default_rng(0).standard_normal(len(slow)) * 12.0
    pcm = slow / np.abs(slow).max() * 20_000.0 + dither
    decoder = _decoder(sentences)
    decoder.start_utt()
    decoder.process_raw(pcm.astype("<i2").tobytes(), full_utt=True)
    decoder.end_utt()
    best = decoder.hyp()
    return best.hypstr if best else ""


@cache
def _decoder(sentences: tuple[str, ...]) -> Decoder:
    if not sentences:
        return Decoder(loglevel="FATAL")
    decoder = Decoder(loglevel="FATAL", lm=None)
    choices = " | ".join(plain(sentence) for sentence in sentences)
    decoder.add_jsgf_string("s", f"#JSGF V1.0; grammar s; public <s> = {choices};")
    decoder.activate_search("s")
    return decoder


def plain(text: str) -> str:
    """Lower-case words without punctuation."""
    return re.sub("[^a-z' ]", "", text.lower())


SHORT = {"'s": " is", "'re": " are", "'ve": " have", "'ll": " will", "'m": " am", "n't": " not"}


def _in_full(text: str) -> list[str]:
    """Words, none of them contracted: "where's" and "where is" sound alike."""
    for short, full in SHORT.items():
        text = text.replace(short, full)
    return text.split()


def word_error_rate(said: str, heard: str) -> float:
    """Insertions, deletions and substitutions a word said (Levenshtein)."""
    wanted, got = _in_full(plain(said)), _in_full(heard)
    row = np.arange(len(got) + 1)
    for i, word in enumerate(wanted, start=1):
        above, row = row, np.full(len(got) + 1, i)
        for j, other in enumerate(got, start=1):
            row[j] = min(above[j] + 1, row[j - 1] + 1, above[j - 1] + (word != other))
    return row[-1] / len(wanted)
