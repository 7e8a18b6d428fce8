"""Giving users a plan."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from credits.errors import PlanUnknown
from credits.models import Subscription
from credits.policy import plans


def set_plan(*, user_id: UUID, plan: str, until: datetime | None, source: str) -> None:
    """Give a user a plan until a time; what the same source gave them before is replaced.

    Where several sources give them plans, the one of highest weight counts. A time that is over
    ends what the source gave.

    Args:
        user_id: whose plan.
        plan: its name in the plans file.
        until: when it ends; None: never.
        source: who gives it, such as "operator" or "stripe:sub_…".

    Raises:
        PlanUnknown: the plans file has no such plan.
    """
    if plan not in plans().plans:
        raise PlanUnknown(f"There is no plan {plan!r}.", field="plan")
    # One statement, so that of two at once the later stands and none fails.
    Subscription.objects.bulk_create(
        [Subscription(user_id=user_id, plan=plan, until=until, source=source)],
        update_conflicts=True,
        unique_fields=["user", "source"],
        update_fields=["plan", "until", "updated_at"],
    )
