# ruff: noqa: RUF001, RUF003 letters that look like others are the subject here
"""Undo the disguises of a prompt, and remember where each letter came from.

The checks read the normalised text; people read their own. So every normalised character carries
the range of the original it stands for, and a finding is reported as a span of the original.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

# Digits and signs that stand for a letter inside a word ("k1ll", "p@ss").
_LEET: Final = {
    "0": "o", "1": "i", "3": "e", "4": "a", "5": "s", "6": "g", "7": "t", "8": "b",
    "9": "g", "@": "a", "$": "s", "!": "i", "|": "l", "+": "t", "€": "e", "£": "l", "¥": "y",
}  # fmt: skip
_LEET_SIGNS: Final = frozenset("@$!|+€£¥")
# 4k, 15yo, 1080p, 2nd, 1990s: a number with a unit is not a word in disguise.
_NUMBER_WITH_UNIT: Final = re.compile(r"[0-9]+[a-z]{1,3}")
# mp4, r2d2, studio54: digits at the end name a version. One after three letters and more ("nud3")
# and "11" ("ki11") are letters in disguise.
_VERSION: Final = re.compile(r"(?<![a-z0-9][a-z0-9][a-z])[0-9]$|[0-9]{2,}$")

# Letters that look Latin (Unicode Technical Standard 39, confusables.txt, those seen in the wild).
_LOOKALIKE_TO_LATIN: Final = dict(
    zip(
        "аеорсухіјѕһԁԛԝвнктмгпъαβεικνορτυχωγη",
        "aeopcyxijshdqwbhktmrnbabeikvoptuxwyn",
        strict=True,
    )
)
_LOOKALIKE_TO_CYRILLIC: Final = {"a": "а", "e": "е", "o": "о", "p": "р", "c": "с", "y": "у",
    "x": "х", "k": "к", "m": "м", "t": "т", "b": "в", "h": "н", "i": "і"}  # fmt: skip

# Invisible or blank, and yet letters or marks to Unicode: fillers, joiner, variation selectors.
_BLANK: Final = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0\u2800")
_SPACED_SEPARATORS: Final = frozenset(" .-_*·•/,~|")
_SPACED_LETTERS_MIN: Final = 3
_REPEAT_MIN: Final = 3


@dataclass(frozen=True, slots=True)
class Char:
    """One normalised character and the half-open range of original code points behind it."""

    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class NormalisedText:
    """What the checks read.

    Attributes:
        text: The normalised text: NFKC, case-folded, undisguised, single spaces.
        skeleton: The same text without accents, character for character; phrases match here.
        joined: Ranges of `text` that were written as spaced-out letters, where the borders
            between words are lost.
    """

    text: str
    skeleton: str
    joined: tuple[tuple[int, int], ...]
    _starts: tuple[int, ...]
    _ends: tuple[int, ...]

    def original_span(self, start: int, end: int) -> tuple[int, int]:
        """Return the span of the original text, in code points, behind `text[start:end]`."""
        return self._starts[start], self._ends[end - 1]


def normalise(original: str) -> NormalisedText:
    """Undo disguises: width, case, hidden characters, look-alikes, spacing, repeats.

    Folding of digits and look-alike letters happens only inside words that mix them with ordinary
    letters, so numbers and whole words of another alphabet stay as they are. Never raises.

    Args:
        original: Any string, of any length.
    """
    chars = _collapse_spaces(list(_fold_clusters(original)))
    chars = _map_words(chars, _fold_mixed_scripts)
    chars, joined_marks = _rejoin_spaced_letters(chars)
    words = _map_words(_map_words(chars, _fold_leet), _squeeze_repeats)
    text = "".join(char.text for char in words)
    return NormalisedText(
        text=text,
        skeleton="".join(map(without_accent, text)),
        joined=_joined_ranges(words, joined_marks),
        _starts=tuple(char.start for char in words),
        _ends=tuple(char.end for char in words),
    )


@lru_cache(maxsize=4096)
def without_accent(char: str) -> str:
    """Return the base letter of an accented Latin, Greek or Cyrillic character, else itself."""
    if char in "йё":  # their marks make other letters, though ё is commonly written е
        return "е" if char == "ё" else char
    base = unicodedata.normalize("NFD", char)
    if len(base) > 1 and all("\u0300" <= mark <= "\u036f" for mark in base[1:]):
        return base[0]
    return char


def _fold_clusters(original: str) -> Iterator[Char]:
    """Yield NFKC case-folded characters, a base letter with its marks at a time."""
    at = 0
    while at < len(original):
        end = at + 1
        while end < len(original) and _continues(original[end]):
            end += 1
        cluster = "".join(c for c in original[at:end] if not _is_hidden(c))
        folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", cluster).casefold())
        for char in folded:
            # What did not compose is decoration ("z̷a̷l̷g̷o̷"), not spelling.
            if not "\u0300" <= char <= "\u036f":
                yield Char(" " if _is_blank(char) else char, at, end)
        at = end


def _continues(char: str) -> bool:
    return (
        unicodedata.combining(char) != 0
        or "\u1160" <= char <= "\u11ff"  # Hangul vowels and finals compose with what stands before
        or char in "\uff9e\uff9f"  # half-width kana voicing marks
        or "\ufe00" <= char <= "\ufe0f"
    )


def _is_hidden(char: str) -> bool:
    if char in _BLANK or "\ufe00" <= char <= "\ufe0f":
        return True
    category = unicodedata.category(char)
    return category in {"Cf", "Cs"} or (category == "Cc" and not char.isspace())


def _is_blank(char: str) -> bool:
    return char != "\n" and (char.isspace() or unicodedata.category(char) == "Zs")


def _collapse_spaces(chars: list[Char]) -> list[Char]:
    """Leave one space where there was one, two where a wider gap parts spaced-out words."""
    kept: list[Char] = []
    for char in chars:
        gap = len(kept) >= 2 and kept[-1].text == kept[-2].text == " "
        if not (char.text == " " and gap):
            kept.append(char)
    return kept


def _map_words(chars: list[Char], change: Callable[[list[Char]], list[Char]]) -> list[Char]:
    """Apply `change` to every run of letters, digits and leet signs."""
    result: list[Char] = []
    word: list[Char] = []
    for char in chars:
        if char.text.isalnum() or char.text in _LEET_SIGNS:
            word.append(char)
            continue
        if word:
            result.extend(change(word))
            word = []
        result.append(char)
    return result + (change(word) if word else [])


def _fold_mixed_scripts(word: list[Char]) -> list[Char]:
    latin = sum("a" <= char.text <= "z" for char in word)
    foreign = [c.text for c in word if "\u0370" <= c.text <= "\u052f"]
    if not latin or not foreign:
        return word
    # The script with more letters that cannot be imitated is the one meant.
    if all(letter in _LOOKALIKE_TO_LATIN for letter in foreign):
        table = _LOOKALIKE_TO_LATIN
    else:
        table = _LOOKALIKE_TO_CYRILLIC
    return [Char(table.get(char.text, char.text), char.start, char.end) for char in word]


def _fold_leet(word: list[Char]) -> list[Char]:
    text = "".join(char.text for char in word)
    letters = sum(char.isalpha() for char in text)
    if letters in {0, len(text)} or _NUMBER_WITH_UNIT.fullmatch(text):
        return word
    # A sign at the edge is punctuation or a handle ("wow!", "@name").
    first = 1 if text[0] in "@!|+" else 0
    last = len(text) - 1 if text[-1] in "!|+" else len(text)
    if not text.endswith("11") and (version := _VERSION.search(text)):
        last = version.start()
    folded = list(word)
    for at in range(first, last):
        letter = _LEET.get(text[at])
        if letter:
            if text[at] == "1" and "1" in (text[at - 1 : at] + text[at + 1 : at + 2]):
                letter = "l"  # "ki11"
            folded[at] = Char(letter, word[at].start, word[at].end)
    return folded


def _rejoin_spaced_letters(chars: list[Char]) -> tuple[list[Char], set[int]]:
    """Join "k i l l" and "k.i.l.l"; return also the original offsets of the letters joined."""
    result: list[Char] = []
    marks: set[int] = set()
    at = 0
    while at < len(chars):
        run = _spaced_run(chars, at)
        if len(run) >= _SPACED_LETTERS_MIN:
            for here, following in zip(run, [*run[1:], None], strict=True):
                result.append(chars[here])
                marks.add(chars[here].start)
                gap = 0 if following is None else following - here - 1
                if gap > 1:  # a wider gap is the border between two spaced-out words
                    result.append(Char(" ", chars[here + 1].start, chars[here + 1].end))
            at = run[-1] + 1
        else:
            result.append(chars[at])
            at += 1
    return _single_spaces(result), marks


def _spaced_run(chars: list[Char], first: int) -> list[int]:
    """Return the indexes of single letters from `first` on, parted by one kind of separator."""
    if not _is_lone_letter(chars, first):
        return []
    run, at, separator = [first], first, None
    while at + 2 < len(chars):
        mark = chars[at + 1].text
        if mark not in _SPACED_SEPARATORS or (separator is not None and mark != separator):
            break
        step = 3 if chars[at + 2].text == mark == " " else 2
        if at + step >= len(chars) or not _is_lone_letter(chars, at + step):
            break
        separator, at = mark, at + step
        run.append(at)
    return run


def _is_lone_letter(chars: list[Char], at: int) -> bool:
    def is_word(index: int) -> bool:
        return 0 <= index < len(chars) and chars[index].text.isalnum()

    here = chars[at].text
    is_letter = (here.isalnum() and not _is_unspaced(here)) or here in "@$"
    return is_letter and not is_word(at - 1) and not is_word(at + 1)


def _is_unspaced(char: str) -> bool:
    """Tell whether the character's script writes words without spaces (Thai, Han, kana)."""
    return "\u0e00" <= char <= "\u0eff" or "\u3040" <= char <= "\u9fff" or char >= "\U00020000"


def _single_spaces(chars: list[Char]) -> list[Char]:
    return [
        char for at, char in enumerate(chars) if not (at and char.text == chars[at - 1].text == " ")
    ]


def _squeeze_repeats(word: list[Char]) -> list[Char]:
    """Write a letter once that stands three or more times in a row ("kiiiill")."""
    result: list[Char] = []
    at = 0
    while at < len(word):
        end = at
        while end < len(word) and word[end].text == word[at].text:
            end += 1
        if end - at >= _REPEAT_MIN and word[at].text.isalpha() and not _is_unspaced(word[at].text):
            result.append(Char(word[at].text, word[at].start, word[end - 1].end))
        else:
            result.extend(word[at:end])
        at = end
    return result


def _joined_ranges(chars: list[Char], marks: set[int]) -> tuple[tuple[int, int], ...]:
    ranges: list[tuple[int, int]] = []
    for at, char in enumerate(chars):
        if char.start in marks:
            if ranges and ranges[-1][1] == at:
                ranges[-1] = (ranges[-1][0], at + 1)
            else:
                ranges.append((at, at + 1))
    return tuple(ranges)
