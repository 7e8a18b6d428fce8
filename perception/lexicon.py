"""Find listed phrases in a normalised text."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from perception.normalise import NormalisedText, normalise, without_accent

_AGE: Final = "(?:1[0-7]|[1-9])"  # years below 18
_UNSPACED: Final = re.compile("[\u0e00-\u0eff\u3040-\u9fff\uac00-\ud7af]")
_NEVER: Final = re.compile(r"(?!)")
# Shorter phrases would be found inside innocent joined letters.
_JOINED_PHRASE_MIN_LETTERS: Final = 4


@dataclass(frozen=True, slots=True)
class Lexicon:
    """A list of phrases, compiled; whole words of any language, accents ignored."""

    _words: re.Pattern[str]
    _letters: re.Pattern[str]

    @classmethod
    def of(cls, phrases: Iterable[str]) -> Lexicon:
        """Compile phrases as written in rules.toml (`*` ends a word freely, `{age}` is 1 to 17)."""
        prepared = [_skeleton_of(phrase) for phrase in phrases]
        words = "|".join(_word_pattern(phrase) for phrase in prepared)
        letters = "|".join(
            _letter_pattern(phrase)
            for phrase in prepared
            if "{" not in phrase and len(phrase.replace(" ", "")) >= _JOINED_PHRASE_MIN_LETTERS
        )
        return cls(
            _words=re.compile(words) if words else _NEVER,
            _letters=re.compile(letters) if letters else _NEVER,
        )

    def find(self, text: NormalisedText) -> list[tuple[int, int]]:
        """Return the ranges of `text.text` in which a phrase stands, in order of appearance."""
        found = [match.span() for match in self._words.finditer(text.skeleton)]
        for start, end in text.joined:
            # The borders between words are lost in letters that were spaced out.
            found.extend(m.span() for m in self._letters.finditer(text.skeleton, start, end))
        return sorted(set(found))


def without_overlaps(
    found: list[tuple[int, int]], harmless: list[tuple[int, int]]
) -> list[tuple[int, int]]:
    """Drop what lies in a harmless phrase."""
    return [
        (start, end)
        for start, end in found
        if not any(start < far and near < end for near, far in harmless)
    ]


def _skeleton_of(phrase: str) -> str:
    text = normalise(phrase.replace("{age}", "\N{NUMERO SIGN}\N{NUMERO SIGN}")).text
    return "".join(map(without_accent, text.replace("nono", "{age}")))


def _word_pattern(phrase: str) -> str:
    body = r"[\W_]{1,3}".join(_inside_word(word) for word in phrase.split())
    if _UNSPACED.search(phrase):
        return body
    return rf"(?<!\w){body}(?!\w)"


def _letter_pattern(phrase: str) -> str:
    return _inside_word(phrase.replace(" ", "").replace("*", ""))


def _inside_word(word: str) -> str:
    pattern = re.escape(word).replace(r"\*", r"\w*").replace(r"\{age\}", _AGE)
    # "kiiilll" was squeezed to "kil": a double letter may have become a single one.
    return re.sub(r"([^\W\d_])\1", r"\1\1?", pattern)
