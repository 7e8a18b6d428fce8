"""Reads of cases and decisions."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import Count, QuerySet

from moderation.models import Action, Case, CaseState, Decision

# What the author may do about it (Regulation (EU) 2022/2065, Art. 17(3)(f)).
REDRESS = "Answer to the operator of this instance; you may also turn to a court or a dispute body."


def statements_to(user_id: UUID) -> QuerySet[Decision]:
    """Return the decisions about the user's clips that changed something for them."""
    return Decision.objects.select_related("case").filter(
        case__clip__author_id=user_id, action__in=[Action.HIDE, Action.RESTORE]
    )


def statement(decision: Decision) -> dict[str, Any]:
    """Return a decision as its clip's author reads it: without who decided and who reported."""
    return {
        "id": str(decision.pk),
        "subject": {"kind": "clip", "id": str(decision.case.clip_id)},
        "action": decision.action,
        "reason": decision.reason,
        "created_at": decision.created_at,
        "is_automated": False,
        "redress": REDRESS,
    }


def queue() -> QuerySet[Case]:
    """Return all cases with `report_count`, those with most reports and then the oldest first."""
    return (
        Case.objects.select_related("clip__author")
        .annotate(report_count=Count("reports"))
        .order_by("-report_count", "opened_at")
    )


def open_cases() -> int:
    """Return how many cases wait for a moderator."""
    return Case.objects.filter(state=CaseState.OPEN).count()
