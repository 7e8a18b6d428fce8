"""What clips cost the operator, and the budget that they may not pass."""

from __future__ import annotations

from uuid import UUID

from credits.errors import BudgetSpent
from credits.models import ClipCost
from credits.policy import cost, prices
from credits.selectors.costs import budget, has_budget


def record_cost(  # noqa: PLR0913 - the facts of a piece of work; none has a sensible default
    *,
    reference: str,
    user_id: UUID | None,
    engine: str,
    model: str,
    engine_seconds: float,
    storage_bytes: int,
    outcome: str,
) -> None:
    """Write down what a piece of work cost, by today's prices; once for each reference.

    Args:
        reference: the work, such as `generation:<uuid>`.
        user_id: for whom; None: nobody.
        engine: the engine's name.
        model: what drew.
        engine_seconds: how long a slot of the engine worked, from 0.
        storage_bytes: what is kept of it.
        outcome: what came of it, such as "ready" or "refused": work costs either way.
    """
    made = cost(engine=engine, engine_seconds=engine_seconds)
    row = ClipCost(
        reference=reference,
        user_id=user_id,
        engine=engine,
        model=model,
        outcome=outcome,
        engine_seconds=engine_seconds,
        storage_bytes=storage_bytes,
        currency=prices().currency,
        micros=made.micros,
        watt_hours=made.watt_hours,
        image_equivalents=made.image_equivalents,
    )
    ClipCost.objects.bulk_create([row], ignore_conflicts=True)


def check_budget() -> None:
    """Let work begin only while the instance's budget lasts.

    Work that is under way may take the costs past it: its price is known when it ends.

    Raises:
        BudgetSpent: the day's or the month's costs reached it; `renews_at` says when it goes on.
    """
    if not has_budget():
        return
    figures = budget()
    if figures.renews_at is not None:
        raise BudgetSpent(renews_at=figures.renews_at)
