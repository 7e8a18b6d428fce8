"""What a cameo's owner does not want to be shown with. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Violation:
    """One restriction that a clip breaks.

    Attributes:
        rule: the tag's name, or the owner's own phrase.
        field: which text; "picture" for what is seen.
        span: half-open range of the original text, in code points; None for a picture.
    """

    rule: str
    field: str
    span: tuple[int, int] | None


def find_violation(
    *, tags: Sequence[str], own_words: str, texts: Mapping[str, str], nudity: float | None = None
) -> Violation | None:
    """Return the first restriction that the texts or the picture break; None: none.

    Args:
        tags: names of restrictions.toml; what is not there binds nothing.
        own_words: the owner's text.
        texts: by field.
        nudity: the highest nudity score of the frames, 0 to 1; None: nothing was drawn yet.
    """
    return None
