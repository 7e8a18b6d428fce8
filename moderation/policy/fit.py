"""Fit the classifier and write coefficients.json: python -m moderation.policy.fit.

Fitted beforehand and committed, rather than at first use: every process then decides alike to
the last digit, a change of a decision is visible in review, and start-up pays nothing. The fit
has no randomness, so it repeats on every machine up to rounding.
"""

from __future__ import annotations

import json
import sys
import tomllib
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from moderation.policy.classifier import COEFFICIENTS_FILE, HARMLESS, Classifier, features
from moderation.policy.rules import EXEMPLARS_FILE, data_digest
from moderation.policy.scan import hint_counts
from perception.normalise import normalise
from perception.text import EMBEDDING_DIMENSIONS
from perception.windows import coarse_windows

# Chosen by 5-fold cross-validation over the exemplars (tests/moderation/test_policy.py holds out
# sentences of its own); the optimum is flat within a factor of two.
_RIDGE: Final = 0.0005
# A hint alone must not decide, or every "sex education" would be refused.
_HINT_CAUTION: Final = 10.0
_STEPS: Final = 400
_DECIMALS: Final = 4


@dataclass(frozen=True, slots=True)
class Exemplar:
    """A training sentence and its class."""

    text: str
    label: str


def read_exemplars() -> list[Exemplar]:
    """Return all training sentences in the order of the file."""
    data = tomllib.loads(EXEMPLARS_FILE.read_text(encoding="utf-8"))
    exemplars = [
        Exemplar(text, label)
        for rule_id, lists in data["rules"].items()
        for label, texts in ((rule_id, lists["violating"]), (HARMLESS, lists["near_misses"]))
        for text in texts
    ]
    return exemplars + [Exemplar(text, HARMLESS) for text in data["everyday"]["prompts"]]


def fit(exemplars: list[Exemplar], ridge: float = _RIDGE) -> Classifier:
    """Fit the regression on whole violating sentences and on all windows of harmless ones.

    Args:
        exemplars: Training sentences of all classes.
        ridge: L2 penalty, relative to the mean squared length of a row.
    """
    violations = dict.fromkeys(e.label for e in exemplars if e.label != HARMLESS)
    classes = (HARMLESS, *violations)
    blocks, targets, importance = [], [], []
    for exemplar in exemplars:
        text = normalise(exemplar.text)
        windows = [(0, len(text.text))]
        if exemplar.label == HARMLESS:
            # A fragment of a harmless prompt is harmless, and fragments are what is scored.
            # One of a violating prompt may be either, so only the whole teaches.
            windows += [window for window in coarse_windows(text.text) if window != windows[0]]
        counts = hint_counts(text, windows, classes[1:])
        blocks.append(features([text.text[start:end] for start, end in windows], counts))
        targets += [classes.index(exemplar.label)] * len(windows)
        importance += [1.0 / len(windows)] * len(windows)
    with threadpool_limits(limits=1, user_api="blas"):  # waiting threads cost more than they give
        weights = _minimise(np.vstack(blocks), np.asarray(targets), np.asarray(importance), ridge)
    return Classifier(classes=classes, weights=weights)


def _minimise(
    x: npt.NDArray[np.float32],
    targets: npt.NDArray[np.int64],
    importance: npt.NDArray[np.float64],
    ridge: float,
) -> npt.NDArray[np.float32]:
    """Minimise the weighted cross-entropy by Böhning's bound: one fixed matrix, no step size.

    The Hessian never exceeds half the weighted Gram matrix (Böhning 1992), so steps with that
    matrix go down every time.
    """
    rows = x.astype(np.float64)
    share = (importance / importance.sum())[:, None]
    wanted = np.eye(targets.max() + 1)[targets]
    penalty = ridge * np.ones(rows.shape[1])
    penalty[EMBEDDING_DIMENSIONS:-1] *= _HINT_CAUTION
    penalty[-1] = 1e-6  # the bias
    inverse_bound = np.linalg.inv(0.5 * (rows.T @ (share * rows)) + np.diag(penalty))
    weights = np.zeros((rows.shape[1], wanted.shape[1]))
    for _ in range(_STEPS):
        logits = rows @ weights
        chances = np.exp(logits - logits.max(axis=1, keepdims=True))
        chances /= chances.sum(axis=1, keepdims=True)
        gradient = rows.T @ (share * (chances - wanted)) + penalty[:, None] * weights
        weights -= inverse_bound @ gradient
    return weights.T.astype(np.float32)


def main() -> None:
    """Write coefficients.json for the installed rules and exemplars."""
    model = fit(read_exemplars())
    rows = {
        name: [round(float(value), _DECIMALS) for value in row]
        for name, row in zip(model.classes, model.weights, strict=True)
    }
    document = {"data_digest": data_digest(), "weights": rows}
    COEFFICIENTS_FILE.write_text(json.dumps(document, indent=0) + "\n", encoding="utf-8")
    sys.stdout.write(f"{COEFFICIENTS_FILE.name}: {len(rows)} classes\n")


if __name__ == "__main__":
    main()
