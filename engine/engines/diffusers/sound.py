"""A model's sound → the sound that an MP4 here has: stereo at 48 kHz, as long as the pictures."""

from collections.abc import Sequence
from dataclasses import dataclass

import av
import numpy as np
from numpy.typing import NDArray

from engine.mp4 import SAMPLE_RATE_HZ

# Two takes' sounds at a cut; as long as it can be: a take has one frame before its first shown one.
FADE_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class Heard:
    """The sound of a take."""

    sound: NDArray[np.float32]  # (samples, channels), one or two channels
    rate_hz: int
    lead_seconds: float  # of it, before the take's first picture
    seconds: int  # that the take is shown


def as_soundtrack(takes: Sequence[Heard]) -> NDArray[np.float32]:
    """Resample (by FFmpeg's swresample), and cut or fill with silence, to the sample.

    At a cut the next take's sound, from before its first picture, comes in as the other goes out,
    both with the same power together: sounds that know nothing of each other do not add up.

    Returns:
        (seconds of all takes * 48000, 2)
    """
    track = np.zeros((sum(take.seconds for take in takes) * SAMPLE_RATE_HZ, 2), np.float32)
    at = 0
    for take in takes:
        heard = _resampled(take.sound, take.rate_hz)
        lead = round(take.lead_seconds * SAMPLE_RATE_HZ)
        fade = min(lead, round(FADE_SECONDS * SAMPLE_RATE_HZ)) if at else 0
        turn = np.linspace(0, np.pi / 2, fade, dtype=np.float32)[:, None]
        track[at - fade : at] *= np.cos(turn)
        track[at - fade : at] += np.sin(turn) * heard[lead - fade : lead]
        end = at + take.seconds * SAMPLE_RATE_HZ
        shown = heard[lead : lead + end - at]
        track[at : at + len(shown)] = shown
        at = end
    return track


def _resampled(sound: NDArray[np.float32], rate_hz: int) -> NDArray[np.float32]:
    layout = "mono" if sound.shape[1] == 1 else "stereo"
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(sound.T), format="fltp", layout=layout)
    frame.sample_rate = rate_hz
    resampler = av.AudioResampler(format="fltp", layout="stereo", rate=SAMPLE_RATE_HZ)
    made = [part.to_ndarray() for part in [*resampler.resample(frame), *resampler.resample(None)]]
    return np.concatenate(made, axis=1).T.astype(np.float32, copy=False)
