"""Mouths: the phones of a line → the shape of the mouth in every frame of film."""

import unicodedata
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from engine.engines.scene.speech.spoken import Mouth
from engine.engines.scene.speech.synthesis import Phone
from engine.mp4 import SAMPLE_RATE_HZ

QUIET = 0.05  # of the loudest moment: below it the mouth is shut
SHAPES = {
    Mouth.CLOSED: "pbm",
    Mouth.OPEN: "aɑɐæʌɔɒ",  # noqa: RUF001 -- IPA
    Mouth.WIDE: "eiɛɪjᵻ",  # noqa: RUF001
    Mouth.ROUND: "ouʊwɜɚøœʉ",
}
# Marks belong to the sound before or after them; the rest of the consonants part the lips a little.
SHAPE_OF = {symbol: shape for shape, symbols in SHAPES.items() for symbol in symbols}


def mouth_shapes(
    phones: Sequence[Phone], samples: NDArray[np.float32], *, start: float, fps: int
) -> NDArray[np.int8]:
    """Return a `Mouth` for every film frame that the line touches, from the frame of `start`.

    Lips that meet are seen even if they meet for less than half a frame, as animators draw them.
    """
    first = int(start * fps + 1e-6)
    frames = int(np.ceil((start + len(samples) / SAMPLE_RATE_HZ) * fps)) - first
    shown = np.zeros((max(1, frames), len(Mouth)))
    for phone in phones:
        if phone.word < 0 or not unicodedata.category(phone.symbol[0]).startswith("Ll"):
            continue  # a pause or a stress mark
        shape = SHAPE_OF.get(phone.symbol, Mouth.SMALL)
        weight = 2.0 if shape is Mouth.CLOSED else 1.0
        low, high = (start + phone.start) * fps - first, (start + phone.end) * fps - first
        for frame in range(int(low), min(len(shown), int(np.ceil(high)))):
            overlap = min(high, frame + 1) - max(low, frame)
            shown[frame, shape] += weight * overlap
    shapes = shown.argmax(axis=1)
    loud = _loudness(samples, len(shown), offset=start * fps - first, fps=fps)
    shapes[(shown.sum(axis=1) < 0.2) | (loud < QUIET * loud.max())] = Mouth.CLOSED
    shapes[-1] = Mouth.CLOSED
    return np.asarray(shapes, np.int8)


def _loudness(
    samples: NDArray[np.float32], frames: int, *, offset: float, fps: int
) -> NDArray[np.float64]:
    """Root mean square of every film frame."""
    per_frame = SAMPLE_RATE_HZ / fps
    padded = np.pad(samples.astype(np.float64), (round(offset * per_frame), 0))
    edges = np.minimum((np.arange(frames + 1) * per_frame).astype(int), len(padded))
    total = np.concatenate([[0.0], np.cumsum(padded**2)])
    return np.asarray(np.sqrt((total[edges[1:]] - total[edges[:-1]]) / per_frame))
