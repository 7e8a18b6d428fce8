"""Whether a text names somebody. Pure."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache


def find_name(name: str, text: str) -> tuple[int, int] | None:
    """Return where a text names somebody, as a span of its code points; None: it does not.

    Names are compared by whole words, without accents, in any letter case and with anything but
    letters and digits between the words: "Zoë Müller-Lee" is in "a film of ZOE MULLER LEE".

    Args:
        name: the name; one without a letter or digit is nowhere.
        text: what may name them.
    """
    pattern = _pattern(name)
    if pattern is None:
        return None
    plain, places = _plain(text)
    found = pattern.search(plain)
    return (places[found.start()], places[found.end() - 1] + 1) if found else None


@lru_cache(maxsize=4096)
def _pattern(name: str) -> re.Pattern[str] | None:
    words = re.findall(r"[^\W_]+", _plain(name)[0])
    if not words:
        return None
    return re.compile(r"(?<![^\W_])" + r"[\W_]{1,3}".join(map(re.escape, words)) + r"(?![^\W_])")


def _plain(text: str) -> tuple[str, list[int]]:
    """Return a text folded and without accents, and for each character which one it comes from."""
    letters: list[str] = []
    places: list[int] = []
    for place, character in enumerate(text):
        for letter in unicodedata.normalize("NFKD", character).casefold():
            if not unicodedata.combining(letter) and unicodedata.category(letter) != "Cf":
                letters.append(letter)
                places.append(place)
    return "".join(letters), places
