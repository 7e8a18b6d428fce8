"""Where a normalised text touches the lexicons of the rules."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from moderation.policy.classifier import Floats
from moderation.policy.rules import Rule, load_policy
from perception.lexicon import Lexicon, without_overlaps
from perception.normalise import NormalisedText
from perception.windows import Range


@dataclass(frozen=True, slots=True)
class Lexicons:
    """One rule's lists, compiled."""

    phrases: Lexicon
    hints: Lexicon
    harmless: Lexicon
    markers: Lexicon


@lru_cache(maxsize=1)
def compiled() -> dict[str, Lexicons]:
    """Return every rule's lexicons by rule id."""
    return {
        rule.id: Lexicons(
            phrases=Lexicon.of(rule.phrases),
            hints=Lexicon.of(rule.hints),
            harmless=Lexicon.of(rule.harmless),
            markers=Lexicon.of(rule.markers),
        )
        for rule in load_policy().rules
    }


def phrases_in(text: NormalisedText, rule: Rule) -> list[Range]:
    """Return where phrases stand that refuse by themselves."""
    lists = compiled()[rule.id]
    return without_overlaps(lists.phrases.find(text), lists.harmless.find(text))


def markers_in(text: NormalisedText, rule: Rule) -> list[Range]:
    """Return where the words stand that make another rule's finding worse."""
    lists = compiled()[rule.id]
    return without_overlaps(lists.markers.find(text), lists.harmless.find(text))


def hint_counts(text: NormalisedText, windows: list[Range], rule_ids: tuple[str, ...]) -> Floats:
    """Return how many hints of each rule lie in each window, float32 [windows, rules]."""
    counts = np.zeros((len(windows), len(rule_ids)), dtype=np.float32)
    for column, rule_id in enumerate(rule_ids):
        lists = compiled()[rule_id]
        hits = without_overlaps(lists.hints.find(text), lists.harmless.find(text))
        for row, (start, end) in enumerate(windows):
            counts[row, column] = sum(start <= near and far <= end for near, far in hits)
    return counts
