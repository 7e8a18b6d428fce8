"""Faces that wait for a moderator."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, QuerySet, Value

from cameos.models import LikenessDoubt, LikenessReview
from cameos.states import EnrolmentState


def open_reviews() -> QuerySet[LikenessReview]:
    """Return the look-alikes that want to be enrolled, the oldest first."""
    waiting = LikenessReview.objects.filter(is_approved__isnull=True)
    return waiting.filter(enrolment__state=EnrolmentState.REVIEW).order_by("created_at")


def faces_waiting() -> dict[str, int]:
    """Return how many there are: `review` want to be enrolled, `doubt` are in somebody's clips."""
    doubts = LikenessDoubt.objects.filter(is_cleared__isnull=True)
    counted = _counted(open_reviews(), "review").union(_counted(doubts, "doubt"), all=True)
    return {"review": 0, "doubt": 0} | dict(counted)


def _counted(rows: QuerySet[Any], kind: str) -> QuerySet[Any, Any]:
    counts: QuerySet[Any, Any] = rows.order_by().values_list(Value(kind)).annotate(Count("pk"))
    return counts
