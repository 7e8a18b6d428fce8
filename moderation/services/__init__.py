"""What may be made and seen: checks before and after rendering, reports, cases and decisions."""

from moderation.services.cases import decide, report
from moderation.services.checks import (
    FramesVerdict,
    check_frames,
    check_prompt,
    reasons_of,
    refuse_forbidden_caption,
)
from moderation.services.verification import Finding, verify_upload, verify_url

__all__ = [
    "Finding",
    "FramesVerdict",
    "check_frames",
    "check_prompt",
    "decide",
    "reasons_of",
    "refuse_forbidden_caption",
    "report",
    "verify_upload",
    "verify_url",
]
