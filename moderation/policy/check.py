"""Decide on one text."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from moderation.policy.classifier import Floats, load_classifier
from moderation.policy.rules import Rule, load_policy
from moderation.policy.scan import hint_counts, markers_in, phrases_in
from moderation.policy.verdict import PromptVerdict, Reason
from perception.normalise import NormalisedText, normalise
from perception.windows import Range, coarse_windows, fine_windows

_QUOTED_CHARACTERS_MAX = 60


@dataclass(frozen=True, slots=True)
class _Finding:
    rule: Rule
    window: Range  # in the normalised text
    score: float


@dataclass(frozen=True, slots=True)
class _Scores:
    """P(class) of every window; `classes[0]` is harmless."""

    windows: list[Range]
    classes: tuple[str, ...]
    table: Floats

    def best(self, rule_id: str) -> tuple[Range, float] | None:
        """Return the window where this rule is the likeliest and P(any rule) the highest."""
        column = self.classes.index(rule_id)
        likeliest = self.table[:, 1:].argmax(axis=1) + 1 == column
        if not likeliest.any():
            return None
        broken = np.where(likeliest, 1 - self.table[:, 0], 0)
        row = int(broken.argmax())
        return self.windows[row], float(broken[row])


def check_text(original: str) -> PromptVerdict:
    """Decide whether a prompt, caption or title may be used, and say what is wrong with it.

    The same text gives the same verdict in every process of one version. Takes 2 to 10 times
    one bare embedding; grows linearly with the length, which the caller bounds.

    Args:
        original: Any string; an empty one is allowed.

    Raises:
        StaleCoefficients: The installation is broken: rules and classifier do not belong together.
    """
    policy = load_policy()
    text = normalise(original)
    scores = _score(text, coarse_windows(text.text))
    findings = [f for rule in policy.rules if (f := _find(text, rule, scores)) is not None]
    # What was made worse by another rule is reported once, under the graver one.
    worse = {finding.rule.escalate for finding in findings}
    findings = [finding for finding in findings if finding.rule.id not in worse]
    refused = [finding for finding in findings if finding.score >= finding.rule.refuse]
    doubtful = [f for f in findings if f.rule.review <= f.score < f.rule.refuse]
    return PromptVerdict(
        allowed=not refused,
        reasons=tuple(_reason(finding, text, original) for finding in _surest_first(refused)),
        to_review=tuple(_reason(finding, text, original) for finding in _surest_first(doubtful)),
        policy_version=policy.version,
    )


def _score(text: NormalisedText, windows: list[Range]) -> _Scores:
    model = load_classifier()
    pieces = [text.text[start:end] for start, end in windows]
    table = model.probabilities(pieces, hint_counts(text, windows, model.classes[1:]))
    return _Scores(windows=windows, classes=model.classes, table=table)


def _find(text: NormalisedText, rule: Rule, scores: _Scores) -> _Finding | None:
    if phrases := phrases_in(text, rule):
        return _Finding(rule, phrases[0], 1.0)
    if rule.escalate is not None:
        return _find_escalation(text, rule, scores)
    best = scores.best(rule.id)
    if best is None or best[1] < rule.review:
        return None
    window, score = best
    return _Finding(rule, _narrowed(text, rule, window), score)


def _find_escalation(text: NormalisedText, rule: Rule, scores: _Scores) -> _Finding | None:
    """Find a marker of this rule in a text that touches the rule it escalates."""
    markers = markers_in(text, rule)
    if not markers:
        return None
    worse = next(other for other in load_policy().rules if other.id == rule.escalate)
    touched = phrases_in(text, worse)
    column = scores.classes.index(worse.id)
    touched += [
        window
        for window, chances in zip(scores.windows, scores.table, strict=True)
        if chances[column] >= rule.escalate_from
    ]
    if not touched:
        return None
    start, end = min(
        ((min(m[0], t[0]), max(m[1], t[1])) for m in markers for t in touched),
        key=lambda span: span[1] - span[0],
    )
    return _Finding(rule, (start, end), 1.0)


def _narrowed(text: NormalisedText, rule: Rule, window: Range) -> Range:
    """Return the few words inside the window that are most certainly the problem."""
    best = _score(text, fine_windows(text.text, window)).best(rule.id)
    return window if best is None else best[0]


def _surest_first(findings: list[_Finding]) -> list[_Finding]:
    return sorted(findings, key=lambda finding: -finding.score)


def _reason(finding: _Finding, text: NormalisedText, original: str) -> Reason:
    start, end = text.original_span(*finding.window)
    quoted = original[start:end]
    if len(quoted) > _QUOTED_CHARACTERS_MAX:
        quoted = quoted[:_QUOTED_CHARACTERS_MAX].rstrip() + "…"
    return Reason(
        rule=finding.rule.id,
        span=(start, end),
        message=finding.rule.message,
        suggestion=finding.rule.suggestion.replace("{phrase}", quoted),
        score=round(finding.score, 3),
    )
