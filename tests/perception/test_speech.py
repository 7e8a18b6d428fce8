from __future__ import annotations

import numpy as np
import pytest

from perception.speech import DIGITS, RATE_HZ, heard_digits
from tests.captures import spoken


def said(digits, seconds=3.5, *, noise=0.0, gain=1.0):
    """Speech of the scene engine's voice at the recogniser's rate."""
    sound = spoken(digits, seconds)
    slow = sound[: len(sound) // 3 * 3].reshape(-1, 3).mean(axis=1) * gain
    slow += np.random.default_rng(1).standard_normal(len(slow)) * noise
    return (slow * 32767).clip(-32768, 32767).astype(np.int16)


TRIPLES = [(3, 9, 5), (1, 7, 2), (6, 4, 9), (2, 5, 1)]


def test_the_digits_are_heard_in_their_order():
    assert {each for triple in TRIPLES for each in triple} == set(DIGITS)
    first = [heard_digits(said(triple), count=3, hoped=triple).readings for triple in TRIPLES]
    assert all(triple in readings for triple, readings in zip(TRIPLES, first, strict=True))


def test_what_was_not_said_is_in_no_reading():
    heard = heard_digits(said((3, 9, 5)), count=3, hoped=(5, 9, 3))
    assert heard.readings
    assert all(len(reading) == 3 for reading in heard.readings)
    assert (5, 9, 3) not in heard.readings


def test_noise_and_a_low_level_leave_the_digits():
    assert (3, 9, 5) in heard_digits(said((3, 9, 5), noise=0.003), count=3).readings
    assert (3, 9, 5) in heard_digits(said((3, 9, 5), gain=0.03), count=3).readings


def test_the_same_sound_is_always_heard_alike():
    sound = said((6, 4, 9), noise=0.02)
    assert heard_digits(sound, count=3) == heard_digits(sound, count=3)


@pytest.mark.parametrize(
    "sound",
    [
        np.zeros(0, np.int16),
        np.zeros(3 * RATE_HZ, np.int16),
        np.full(3 * RATE_HZ, 5, np.int16),
        said(()),
        said((3,), 1.0)[: RATE_HZ // 2],  # a breath of a word
    ],
    ids=["nothing", "digital silence", "an offset", "a quiet room", "a breath"],
)
def test_without_a_voice_nothing_is_read(sound):
    heard = heard_digits(sound, count=3)
    assert heard.is_silent
    assert heard.readings == ()
