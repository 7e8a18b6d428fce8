"""What an owner forbids in their own words: "no clowns; never with snakes; not in a kitchen". Pure.

Each clause is a rule; its core ("clowns", "snakes", "kitchen") is what a text may not touch.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from perception.normalise import NormalisedText, normalise
from perception.windows import Range, word_ranges

RULES_MAX: Final = 40
_CLAUSE_END: Final = re.compile(r"[.;,\n!?•]+|\s+-\s+")
# Words that join two cores under one negation, in English, German and Spanish.
_JOINING: Final = re.compile(r"\s(?:or|nor|and|oder|und|noch|o|y|ni)\s")
_DATA: Final[dict[str, Any]] = tomllib.loads(
    Path(__file__).with_name("own_words.toml").read_text(encoding="utf-8")
)
_LEADING: Final = frozenset(_DATA["leading"].split())
_DEMANDING: Final = frozenset(_DATA["demanding"].split())
_IRREGULAR: Final[dict[str, str]] = _DATA["irregular"]
_APOSTROPHES: Final = str.maketrans("\N{RIGHT SINGLE QUOTATION MARK}", "'")
_STEM_MIN: Final = 3


@dataclass(frozen=True, slots=True)
class OwnRule:
    """One clause: the owner's words, and the normalised core of what they forbid."""

    rule: str
    core: str
    stems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """An owner's text as rules, and the clauses that are none."""

    rules: tuple[OwnRule, ...]
    unclear: tuple[str, ...]


@lru_cache(maxsize=1024)
def read_own_words(text: str) -> Reading:
    """Return the rules of a text; a clause that forbids nothing is unclear."""
    rules: dict[str, OwnRule] = {}
    unclear = []
    for clause in filter(None, (part.strip() for part in _CLAUSE_END.split(text))):
        cores = _cores(clause)
        if not cores or len(rules) + len(cores) > RULES_MAX:
            unclear.append(clause)
        for core in cores:
            stems = tuple(stem(word) for word in core.split())
            rules.setdefault(core, OwnRule(clause, core, stems))
    return Reading(tuple(rules.values())[:RULES_MAX], tuple(unclear))


def find_forms(text: NormalisedText, rule: OwnRule) -> Range | None:
    """Return where the rule's core stands in some form of its words; None: nowhere."""
    words = word_ranges(text.skeleton)
    stems = [stem(text.skeleton[start:end]) for start, end in words]
    length = len(rule.stems)
    for first in range(len(stems) - length + 1):
        if tuple(stems[first : first + length]) == rule.stems:
            return words[first][0], words[first + length - 1][1]
    return None


@lru_cache(maxsize=8192)
def stem(word: str) -> str:
    """Return what the forms of a word share, in English, German and Spanish, well enough.

    "smokes", "smoked", "smoking" → "smok"; "Schlangen", "Schlange" → "schlang". It is no
    dictionary: rare words that differ may share a stem; strong forms that are not listed do not.
    """
    word = re.sub(r"'s?$", "", word.translate(_APOSTROPHES))
    word = _IRREGULAR.get(word, word)
    word = _without_plural(word)
    for ending, length_min in (("ing", 6), ("ed", 5)):
        if word.endswith(ending) and len(word) >= length_min and re.search("[aeiouy]", word[:-3]):
            word = _undoubled(word[: -len(ending)])
            break
    if word.endswith("en") and len(word) >= _STEM_MIN + 3:
        word = word[:-2]
    if word.endswith("e") and len(word) > _STEM_MIN + 1:
        word = word[:-1]
    return word[:-1] + "i" if word.endswith("y") and len(word) > _STEM_MIN else word


def _without_plural(word: str) -> str:
    if len(word) <= _STEM_MIN:
        return word
    if word.endswith("ies") and len(word) > _STEM_MIN + 1:
        return word[:-3] + "y"
    if word.endswith(("sses", "shes", "ches", "xes", "zes", "ores")):
        return word[:-2]
    return word[:-1] if word.endswith("s") and not word.endswith(("ss", "us", "is")) else word


def _undoubled(word: str) -> str:
    doubled = len(word) > _STEM_MIN and word[-1] == word[-2] and word[-1] not in "aeioulsz"
    return word[:-1] if doubled else word


def _cores(clause: str) -> list[str]:
    skeleton = normalise(clause).skeleton
    if _DEMANDING & set(skeleton.split()):
        return []
    cores = []
    for part in _JOINING.split(f" {skeleton} "):
        words = [part[start:end] for start, end in word_ranges(part)]
        while words and words[0].translate(_APOSTROPHES) in _LEADING:
            words.pop(0)
        if words and sum(map(len, words)) >= _STEM_MIN:
            cores.append(" ".join(words))
    return cores
