"""Spoken lines as values: the contract between speech, frames (mouths) and sound."""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray


class Mouth(IntEnum):
    """Shapes that a face can show."""

    CLOSED = 0
    SMALL = 1
    OPEN = 2
    WIDE = 3
    ROUND = 4


@dataclass(frozen=True, slots=True)
class Word:
    """One spoken word; seconds of film."""

    text: str
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Spoken:
    """One line as it is heard in the film."""

    speaker: str | None  # name of the subject; None: a narrator
    start: float  # seconds of film
    samples: NDArray[np.float32]  # mono, 48 kHz
    words: tuple[Word, ...]
    mouths: NDArray[np.int8]  # `Mouth`, one a film frame from the frame of `start`
