"""What a cameo's owner does not want to be shown with, held against texts and pictures. Pure.

Three looks, the cheap ones first: listed words and the owner's own in all their forms and
disguises; the nudity score of the frames; and the meaning of the text, by sentence embeddings. What
they find and miss is measured in tests/cameos/test_restrictions.py and told in docs/likeness.md.
"""

from __future__ import annotations

import itertools
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from cameos.policy.own_words import OwnRule, find_forms, read_own_words
from perception.lexicon import Lexicon, without_overlaps
from perception.normalise import NormalisedText, normalise
from perception.text import embed
from perception.windows import Range, coarse_windows, word_ranges

PICTURE: Final = "picture"  # the field of a violation that no text is to blame for
FILE: Final = Path(__file__).with_name("restrictions.toml")
_WORD_LETTERS_MIN: Final = 3

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Violation:
    """One restriction that a clip breaks.

    Attributes:
        rule: the tag's name, or the clause that the owner wrote.
        field: which text; "picture" for what is seen.
        span: half-open range of the original text, in code points; None for a picture.
    """

    rule: str
    field: str
    span: tuple[int, int] | None


@dataclass(frozen=True, slots=True)
class Tag:
    """A restriction that owners tick; see restrictions.toml."""

    name: str
    title: str
    nudity: float | None
    words: Lexicon
    harmless: Lexicon
    meanings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rules:
    """All of restrictions.toml."""

    version: str
    tags: dict[str, Tag]
    ordinary: tuple[str, ...]
    near: float
    ahead: float
    own: float


@lru_cache(maxsize=1)
def rules() -> Rules:
    """Return the installed restrictions."""
    data: dict[str, Any] = tomllib.loads(FILE.read_text(encoding="utf-8"))
    return Rules(
        version=data["version"],
        tags={name: _tag(name, entry) for name, entry in data["tags"].items()},
        ordinary=tuple(data["ordinary"]["meanings"]),
        **data["meaning"],
    )


def find_violation(
    *,
    tags: Sequence[str],
    own_words: str,
    texts: Mapping[str, str],
    nudity: float | None = None,
    handles: Iterable[str] = (),
) -> Violation | None:
    """Return the first restriction that the texts or the picture break; None: none.

    The meaning costs 20 to 30 ms of CPU for a prompt of a line and half a second for one of 2,000
    characters, once for all cameos of a clip, and two seconds at a process's first call; words and
    pictures next to nothing.

    Args:
        tags: names of restrictions.toml; what is not there binds nothing.
        own_words: the owner's text.
        texts: by field; the caller bounds their lengths.
        nudity: the highest nudity score of the frames, 0 to 1; None: nothing was drawn yet.
        handles: of the cameos in the clip: "@lady_wine" is a name there and no wine.
    """
    ticked = [rules().tags[name] for name in tags if name in rules().tags]
    own = read_own_words(own_words).rules
    names = _names(handles)
    read = {field: normalise(names.sub(_blanks, text)) for field, text in texts.items() if text}
    return (
        _by_words(ticked, own, read)
        or _by_picture(ticked, nudity)
        or _by_meaning(ticked, own, read)
    )


def _by_words(
    tags: Sequence[Tag], own: Sequence[OwnRule], read: Mapping[str, NormalisedText]
) -> Violation | None:
    for field, text in read.items():
        for tag in tags:
            found = without_overlaps(tag.words.find(text), tag.harmless.find(text))
            if found:
                return Violation(tag.name, field, text.original_span(*found[0]))
        for rule in own:
            at = find_forms(text, rule)
            if at is not None:
                return Violation(rule.rule, field, text.original_span(*at))
    return None


def _by_picture(tags: Sequence[Tag], nudity: float | None) -> Violation | None:
    for tag in tags:
        if nudity is not None and tag.nudity is not None and nudity >= tag.nudity:
            return Violation(tag.name, PICTURE, None)
    return None


def _by_meaning(
    tags: Sequence[Tag], own: Sequence[OwnRule], read: Mapping[str, NormalisedText]
) -> Violation | None:
    for field, text in read.items():
        found = _meaning_of_tags(tags, text) or _meaning_of_own(own, text)
        if found is not None:
            rule, at = found
            return Violation(rule, field, text.original_span(*at))
    return None


def _meaning_of_tags(tags: Sequence[Tag], text: NormalisedText) -> tuple[str, Range] | None:
    """Return the tag whose meanings a piece of the text comes nearest to, if near enough."""
    if not tags:
        return None
    windows, pieces = _embedded_windows(text.text)
    if not windows:
        return None
    ordinary = (pieces @ _embedded(rules().ordinary).T).max(axis=1)
    best: tuple[float, str, Range] | None = None
    for tag in tags:
        similar = (pieces @ _embedded(tag.meanings).T).max(axis=1)
        lead = np.where(similar >= rules().near, similar - ordinary, -1)
        row = int(lead.argmax())
        if lead[row] >= rules().ahead and (best is None or lead[row] > best[0]):
            best = (float(lead[row]), tag.name, windows[row])
    return None if best is None else best[1:]


def _meaning_of_own(own: Sequence[OwnRule], text: NormalisedText) -> tuple[str, Range] | None:
    """Return the clause that a word or two of the text mean, if nearly enough."""
    if not own:
        return None
    ranges, pieces = _embedded_words(text.text)
    if not ranges:
        return None
    similar = pieces @ _embedded(tuple(rule.core for rule in own)).T
    row, column = np.unravel_index(int(similar.argmax()), similar.shape)
    if similar[row, column] < rules().own:
        return None
    return own[int(column)].rule, ranges[int(row)]


# The same text is held against every cameo of a clip, and again after a preflight.
@lru_cache(maxsize=16)
def _embedded_windows(text: str) -> tuple[list[Range], Floats]:
    windows = coarse_windows(text)
    return windows, embed([text[start:end] for start, end in windows])


@lru_cache(maxsize=16)
def _embedded_words(text: str) -> tuple[list[Range], Floats]:
    pieces = _words_and_pairs(text)
    return list(pieces.values()), embed(list(pieces))


def _words_and_pairs(text: str) -> dict[str, Range]:
    """Return each different word and pair of neighbours, with where it stands first."""
    words = word_ranges(text)
    pieces: dict[str, Range] = {}
    for start, end in words:
        if end - start >= _WORD_LETTERS_MIN or not text[start:end].isascii():
            pieces.setdefault(text[start:end], (start, end))
    for (start, _), (_, end) in itertools.pairwise(words):
        pieces.setdefault(text[start:end], (start, end))
    return pieces


@lru_cache(maxsize=256)
def _embedded(sentences: tuple[str, ...]) -> Floats:
    return embed([normalise(sentence).text for sentence in sentences])


def _names(handles: Iterable[str]) -> re.Pattern[str]:
    longest_first = sorted(filter(None, handles), key=len, reverse=True)
    named = "|".join(re.escape(handle) for handle in longest_first) or r"(?!)"
    return re.compile(rf"@(?:{named})(?![\w-])", re.IGNORECASE)


def _blanks(match: re.Match[str]) -> str:
    return " " * len(match[0])


def _tag(name: str, entry: Mapping[str, Any]) -> Tag:
    return Tag(
        name=name,
        title=entry["title"],
        nudity=entry.get("nudity"),
        words=Lexicon.of(entry["words"]),
        harmless=Lexicon.of(entry.get("harmless", ())),
        meanings=tuple(entry["meanings"]),
    )
