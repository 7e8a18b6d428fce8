from __future__ import annotations

import numpy as np
import pytest

from perception import whisper
from perception.speech import heard_digits
from tests.perception.test_speech import said

NOISY = said((3, 9, 5), noise=0.03)


@pytest.mark.parametrize(
    ("text", "digits"),
    [
        (" 3, 9, 5.", (3, 9, 5)),
        (" 395", (3, 9, 5)),
        (" Three. Nine. Five!", (3, 9, 5)),
        (" Two for one.", (2, 4, 1)),
        (" 3 nine 5", (3, 9, 5)),
        (" Three, nine.", ()),
        (" 3, 8, 5", ()),  # an eight is never asked for
        (" Thank you.", ()),
        ("", ()),
    ],
)
def test_digits_are_read_from_a_transcript_however_they_are_written(text, digits):
    assert whisper.digits_in(text, count=3) == digits


@pytest.mark.skipif(not whisper.is_installed(), reason="needs requirements-whisper.txt")
def test_a_second_opinion_hears_through_noise_and_makes_nothing_up():
    assert whisper.whispered_digits(NOISY, count=3) == (3, 9, 5)
    assert whisper.whispered_digits(np.zeros(32_000, np.int16), count=3) == ()
    assert (5, 9, 3) not in heard_digits(NOISY, count=3, hoped=(5, 9, 3)).readings


def test_whisper_is_asked_only_when_the_hoped_digits_were_not_heard(monkeypatch):
    asked = []

    def listen(samples, *, count):
        asked.append(count)
        return (5, 9, 3)

    monkeypatch.setattr(whisper, "is_installed", lambda: True)
    monkeypatch.setattr(whisper, "whispered_digits", listen)
    assert (3, 9, 5) in heard_digits(said((3, 9, 5)), count=3, hoped=(3, 9, 5)).readings
    assert asked == []
    assert (5, 9, 3) in heard_digits(said((3, 9, 5)), count=3, hoped=(5, 9, 3)).readings
    assert asked == [3]
