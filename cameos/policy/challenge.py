"""What a person is asked to say and do: chosen anew for every enrolment."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

# Eight digits that a recogniser tells apart; zero has two names, and "eight" is heard as much.
DIGITS = (1, 2, 3, 4, 5, 6, 7, 9)
LEFT, RIGHT = "left", "right"
_DIGITS_COUNT = 3


@dataclass(frozen=True, slots=True)
class Challenge:
    """Three digits to say, no two alike in a row, and two or three turns of the head in turn.

    Turns are the person's own left and right, not the picture's.
    """

    digits: tuple[int, ...]
    turns: tuple[str, ...]


def new_challenge() -> Challenge:
    """Return a challenge that nobody can foretell."""
    digits: list[int] = []
    while len(digits) < _DIGITS_COUNT:
        digits.append(secrets.choice([each for each in DIGITS if each not in digits[-1:]]))
    first, second = secrets.choice([(LEFT, RIGHT), (RIGHT, LEFT)])
    return Challenge(tuple(digits), (first, second, first)[: secrets.choice((2, 3))])
