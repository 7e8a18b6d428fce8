"""Score windows of text: multinomial logistic regression over embeddings and hints.

One softmax over "harmless" and all rules, not one regression per rule: rules overlap (extremism
and violence), and separate regressions would share a doubt between them until none refuses. Here
the chance that a window breaks any rule is 1 - P(harmless), and the likeliest rule names it.
(Böhning 1992, Multinomial logistic regression algorithm.)
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from moderation.policy.rules import FOLDER, data_digest
from perception.text import embed

Floats = npt.NDArray[np.float32]

COEFFICIENTS_FILE: Final = FOLDER / "coefficients.json"
HARMLESS: Final = "harmless"
HINTS_COUNTED_MAX: Final = 2


class StaleCoefficients(Exception):
    """The rules or exemplars were changed without fitting the classifier again."""


@dataclass(frozen=True, slots=True)
class Classifier:
    """The fitted model.

    Attributes:
        classes: "harmless", then the ids of the rules that have exemplars.
        weights: float32 [classes, 512 + rules + 1]: embedding, hints of each rule, bias.
    """

    classes: tuple[str, ...]
    weights: Floats

    def probabilities(self, texts: list[str], hint_counts: Floats) -> Floats:
        """Return P(class) for each text, float32 [texts, classes].

        Args:
            texts: Windows of a normalised text.
            hint_counts: [texts, classes - 1], hits of each rule's hints in the window.
        """
        logits = features(texts, hint_counts) @ self.weights.T
        logits -= logits.max(axis=1, keepdims=True)
        exponentials = np.exp(logits)
        result: Floats = exponentials / exponentials.sum(axis=1, keepdims=True)
        return result


def features(texts: list[str], hint_counts: Floats) -> Floats:
    """Return what the regression sees: embeddings, hint counts (capped) and a constant one."""
    ones = np.ones((len(texts), 1), dtype=np.float32)
    return np.hstack([embed(texts), np.minimum(hint_counts, HINTS_COUNTED_MAX), ones])


@lru_cache(maxsize=1)
def load_classifier(path: Path = COEFFICIENTS_FILE) -> Classifier:
    """Read the committed coefficients.

    Raises:
        StaleCoefficients: They were fitted on other rules or exemplars than those installed.
    """
    data = json.loads(path.read_text(encoding="utf-8"))
    if data["data_digest"] != data_digest():
        raise StaleCoefficients("Run `python -m moderation.policy.fit` and commit its result.")
    return Classifier(
        classes=tuple(data["weights"]),
        weights=np.asarray(list(data["weights"].values()), dtype=np.float32),
    )
