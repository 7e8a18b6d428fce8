"""What the policy answers."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reason:
    """One rule that a text touches.

    Attributes:
        rule: The rule's id in rules.toml.
        span: Half-open range in the ORIGINAL text, in Unicode code points.
        message: One sentence to the writer.
        suggestion: What to write instead.
        score: How sure the check is, 0 to 1; 1 for a phrase of the lexicon.
    """

    rule: str
    span: tuple[int, int]
    message: str
    suggestion: str
    score: float


@dataclass(frozen=True, slots=True)
class PromptVerdict:
    """The decision on one text.

    Attributes:
        allowed: Whether it may be generated.
        reasons: Why not, surest first; empty when allowed.
        to_review: Doubts too small to refuse, for a person to look at.
        policy_version: The version of rules.toml that decided.
    """

    allowed: bool
    reasons: tuple[Reason, ...]
    to_review: tuple[Reason, ...]
    policy_version: str
