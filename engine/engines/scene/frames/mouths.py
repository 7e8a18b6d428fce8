"""Mouths: spoken lines → which mouth every face of a shot shows in every frame."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from engine.engines.scene.speech.spoken import Spoken


def mouths_in(
    spoken: Sequence[Spoken], *, first: int, frames: int, fps: int
) -> dict[str, NDArray[np.int8]]:
    """`Mouth` a frame of the shot that starts at film frame `first`, by the speaker's name."""
    shown: dict[str, NDArray[np.int8]] = {}
    for line in spoken:
        if line.speaker is None:
            continue
        mouths = shown.setdefault(line.speaker, np.zeros(frames, np.int8))
        start = round(line.start * fps) - first
        low, high = max(start, 0), min(start + len(line.mouths), frames)
        if low < high:
            mouths[low:high] = line.mouths[low - start : high - start]
    return shown
