"""What a person is asked to do before the camera: drawn anew each time, no recording knows it."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any, Final, Literal, get_args

from perception.speech import DIGITS

Turn = Literal["left", "right"]

DIGITS_COUNT: Final = 3
TURN_COUNTS: Final = (2, 3)


@dataclass(frozen=True, slots=True)
class Challenge:
    """Digits to say, and turns of the head in order; left and right are the person's own."""

    digits: tuple[int, ...]
    turns: tuple[Turn, ...]

    def __post_init__(self) -> None:
        """Check what was drawn, or came back from where it was kept.

        Raises:
            ValueError: not a challenge that `new_challenge` could have drawn.
        """
        digits = zip(self.digits, self.digits[1:], strict=False)
        if len(self.digits) != DIGITS_COUNT or any(a == b for a, b in digits):
            raise ValueError(f"Three digits, no two alike in a row, not {self.digits}.")
        if any(type(digit) is not int or digit not in DIGITS for digit in self.digits):
            raise ValueError(f"Digits are of {DIGITS}, not {self.digits}.")
        turns = zip(self.turns, self.turns[1:], strict=False)
        if len(self.turns) not in TURN_COUNTS or any(a == b for a, b in turns):
            raise ValueError(f"Two or three turns that alternate, not {self.turns}.")
        if any(turn not in get_args(Turn) for turn in self.turns):
            raise ValueError(f"A turn is left or right, not {self.turns}.")

    def as_json(self) -> dict[str, Any]:
        """Return it as plain lists; `Challenge.of_json` is the way back."""
        return {"digits": list(self.digits), "turns": list(self.turns)}

    @classmethod
    def of_json(cls, value: dict[str, Any]) -> Challenge:
        """Make a challenge of what `as_json` returned.

        Raises:
            ValueError: it is none.
        """
        try:
            return cls(tuple(value["digits"]), tuple(value["turns"]))
        except (KeyError, TypeError) as error:
            raise ValueError(f"No challenge: {value!r}.") from error


def new_challenge() -> Challenge:
    """Draw a challenge from the system's random source: one of 1,568."""
    digits: list[int] = []
    while len(digits) < DIGITS_COUNT:
        digits.append(secrets.choice([each for each in DIGITS if each not in digits[-1:]]))
    first: Turn = secrets.choice(("left", "right"))
    other: Turn = "right" if first == "left" else "left"
    return Challenge(tuple(digits), (first, other, first)[: secrets.choice(TURN_COUNTS)])
