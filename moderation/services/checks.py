"""Checks without a person: a prompt before it costs, frames before anybody sees them."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from moderation.errors import CaptionRefused
from moderation.models import CheckOutcome, PromptCheck
from moderation.policy.check import check_text
from moderation.policy.verdict import PromptVerdict

# The line that open_nsfw's authors advise (github.com/yahoo/open_nsfw, "Usage").
NSFW_REFUSED_FROM: Final = 0.8
FRAMES_SAMPLED: Final = 12
NUDITY_RULE: Final = "sexual_content"
UNREADABLE_RULE: Final = "frames_unreadable"
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class FramesVerdict:
    """The decision on a rendered clip.

    Attributes:
        allowed: Whether it may be marked and shown.
        score: The highest nudity score of the sampled frames, 0 to 1.
        at_seconds: Where in the clip that frame is.
        rule: The rule that refuses it; None when allowed.
    """

    allowed: bool
    score: float
    at_seconds: float
    rule: str | None


def check_prompt(*, text: str, record_for: UUID | None = None) -> PromptVerdict:
    """Decide whether a prompt, shot, style or caption may be used; costs a few milliseconds of CPU.

    Args:
        text: Any string; spans of the verdict are code points of it.
        record_for: The author's id, to keep refusals and doubts as `PromptCheck` rows (without the
            text) in the caller's transaction; None, as for a preflight, keeps nothing.

    Raises:
        moderation.policy.classifier.StaleCoefficients: The installation is broken.
    """
    verdict = check_text(text)
    if record_for is not None:
        found = [(CheckOutcome.REFUSED, r) for r in verdict.reasons]
        found += [(CheckOutcome.REVIEW, r) for r in verdict.to_review]
        PromptCheck.objects.bulk_create(
            PromptCheck(
                user_id=record_for,
                outcome=outcome,
                rule=reason.rule,
                score=reason.score,
                policy_version=verdict.policy_version,
            )
            for outcome, reason in found
        )
    return verdict


def reasons_of(verdicts: Mapping[str, PromptVerdict]) -> list[dict[str, Any]]:
    """Return why policy refuses texts, as clients see it; empty: it refuses none.

    Args:
        verdicts: what policy says of each text, by the name of its field.
    """
    return [
        {
            "field": field,
            "rule": reason.rule,
            "span": list(reason.span),
            "message": reason.message,
            "suggestion": reason.suggestion,
        }
        for field, verdict in verdicts.items()
        for reason in verdict.reasons
    ]


def refuse_forbidden_caption(*, caption: str) -> None:
    """Let a caption pass that policy allows.

    Raises:
        CaptionRefused: policy refuses it; `reasons` say why.
    """
    if reasons := reasons_of({"caption": check_prompt(text=caption)}):
        raise CaptionRefused(field="caption", reasons=reasons)


def check_frames(*, path: Path) -> FramesVerdict:
    """Decide whether a rendered video may be shown: one explicit frame of the sampled refuses it.

    Fails closed: what cannot be decoded is refused, and a model that cannot run raises. Knows
    nudity alone; blood, hate and age it does not see.

    Args:
        path: A video file; 12 frames spread over it are looked at, about 0.2 s of CPU.
    """
    # Loaded by workers only: a web process that checks prompts needs neither.
    from perception.images import nsfw_scores  # noqa: PLC0415
    from transcode.errors import NotAVideo  # noqa: PLC0415
    from transcode.probe import sample_frames  # noqa: PLC0415

    try:
        samples = sample_frames(path, FRAMES_SAMPLED)
    except NotAVideo as error:
        _log.warning("frames to be checked cannot be read: %s", error)
        return FramesVerdict(allowed=False, score=1.0, at_seconds=0.0, rule=UNREADABLE_RULE)
    scores = nsfw_scores([frame for _, frame in samples])
    score, at_seconds = max(zip(scores, (seconds for seconds, _ in samples), strict=True))
    allowed = score < NSFW_REFUSED_FROM
    return FramesVerdict(
        allowed=allowed,
        score=round(score, 3),
        at_seconds=at_seconds,
        rule=None if allowed else NUDITY_RULE,
    )
