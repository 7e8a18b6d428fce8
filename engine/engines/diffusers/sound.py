"""A model's sound → the sound that an MP4 here has: stereo at 48 kHz, as long as the pictures."""

import av
import numpy as np
from numpy.typing import NDArray

from engine.mp4 import SAMPLE_RATE_HZ


def as_soundtrack(sound: NDArray[np.float32], rate_hz: int, seconds: int) -> NDArray[np.float32]:
    """Resample (by FFmpeg's swresample) and cut, or fill with silence, to the sample.

    Args:
        sound: (samples, channels), one or two channels.
        rate_hz: its sampling rate.
        seconds: the length of what comes back.

    Returns:
        (seconds * 48000, 2)
    """
    layout = "mono" if sound.shape[1] == 1 else "stereo"
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(sound.T), format="fltp", layout=layout)
    frame.sample_rate = rate_hz
    resampler = av.AudioResampler(format="fltp", layout="stereo", rate=SAMPLE_RATE_HZ)
    made = [part.to_ndarray() for part in [*resampler.resample(frame), *resampler.resample(None)]]
    heard = np.concatenate(made, axis=1).T[: seconds * SAMPLE_RATE_HZ]
    soundtrack = np.zeros((seconds * SAMPLE_RATE_HZ, 2), np.float32)
    soundtrack[: len(heard)] = heard
    return soundtrack
