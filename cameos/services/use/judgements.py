"""What the terms of a cameo say of a use, and the error that says no."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from cameos.errors import CameoNotPermitted
from cameos.policy.permission import SENTENCES, Reason


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the terms of one cameo say.

    Attributes:
        outcome: "allowed", "asked" or "denied".
        reason: a code of `cameos.policy.permission.Reason`.
        rule: the restriction that is broken; empty: none.
        field: the text that breaks it, or "picture"; None: it is not a text's fault.
        span: where in that text, in code points.
    """

    cameo_id: UUID
    handle: str
    outcome: str
    reason: str
    rule: str = ""
    field: str | None = None
    span: tuple[int, int] | None = None


def refusal_of(judgement: Judgement, *, field: str | None = None) -> CameoNotPermitted:
    """Return the error for a judgement that is not "allowed".

    Args:
        judgement: of `judge` or `pass_gate`.
        field: of the request, where it is not a text's fault; None: "cameos".
    """
    refused = refusal(
        judgement.handle,
        Reason(judgement.reason),
        rule=judgement.rule,
        field=judgement.field or field,
    )
    refused.extra["span"] = list(judgement.span) if judgement.span else None
    return refused


def refusal(
    handle: str, reason: Reason, *, rule: str = "", field: str | None = None
) -> CameoNotPermitted:
    """Return the error for a cameo that may not be used, also for one that is not there."""
    return CameoNotPermitted(
        SENTENCES[reason].format(handle=handle, rule=rule),
        field=field or "cameos",
        cameo=handle,
        reason=str(reason),
        rule=rule,
        span=None,
    )
