"""What clips cost the operator, and the budget."""

from __future__ import annotations

from datetime import timedelta

import pytest

from credits.errors import BudgetSpent
from credits.models import ClipCost
from credits.selectors import budget, budget_is_spent, cost_report
from credits.selectors.costs import forget_budget
from credits.services import check_budget, record_cost

pytestmark = pytest.mark.django_db


def cost(reference, user=None, *, engine="cards", seconds=3600.0, model="wan", outcome="ready"):
    """Record work; an hour of an engine without a price of its own costs 2.50 EUR."""
    record_cost(
        reference=reference,
        user_id=user and user.pk,
        engine=engine,
        model=model,
        engine_seconds=seconds,
        storage_bytes=1000,
        outcome=outcome,
    )


def test_work_is_written_down_once_in_money_energy_and_images(ada, clock):
    cost("job", ada, seconds=36)
    cost("job", ada, seconds=72)
    row = ClipCost.objects.get()
    assert (row.micros, row.currency, row.watt_hours, row.image_equivalents) == (
        25_000,
        "EUR",
        7.0,
        12.0,
    )
    assert (row.user, row.engine, row.outcome) == (ada, "cards", "ready")
    ada.delete()
    row.refresh_from_db()
    assert row.user is None


def test_costs_are_told_by_user_engine_model_and_day(ada, bob, clock):
    since = clock.at - timedelta(days=1)
    cost("old", ada)
    ClipCost.objects.update(created_at=since - timedelta(seconds=1))
    cost("a", ada)
    cost("b", ada, model="ltx", outcome="refused")
    clock.go(days=1)
    cost("c", bob, engine="scene", model="scene")
    cost("d")
    money = {
        by: [(row.key, row.clips, row.cost) for row in cost_report(since, by=by)]
        for by in ("user", "engine", "model", "day")
    }
    assert money == {
        "user": [(str(ada.pk), 2, 5.0), ("", 1, 2.5), (str(bob.pk), 1, 0.03)],
        "engine": [("cards", 3, 7.5), ("scene", 1, 0.03)],
        "model": [("wan", 2, 5.0), ("ltx", 1, 2.5), ("scene", 1, 0.03)],
        "day": [("2026-03-10", 2, 5.0), ("2026-03-11", 2, 2.53)],
    }
    (cards, _) = cost_report(since, by="engine")
    assert (cards.engine_seconds, cards.watt_hours, cards.storage_bytes) == (10_800, 2100, 3000)
    with pytest.raises(ValueError, match="hour"):
        cost_report(since, by="hour")


def test_without_a_limit_nothing_is_looked_up(django_assert_num_queries):
    with django_assert_num_queries(0):
        check_budget()
        assert budget_is_spent() is False


def test_the_days_budget_renews_at_midnight(settings, clock):
    settings.BUDGET_DAILY = 5.0
    cost("a")
    check_budget()
    assert budget().renews_at is None
    cost("b")  # reached, not passed
    with pytest.raises(BudgetSpent) as caught:
        check_budget()
    midnight = clock.at.replace(hour=0) + timedelta(days=1)
    assert caught.value.extra == {"renews_at": midnight}
    assert (caught.value.status, caught.value.retryable, caught.value.wait) == (503, True, 43_200)
    clock.at = midnight
    check_budget()
    assert budget().daily_spent == 0


def test_the_months_budget_renews_with_the_next(settings, clock):
    settings.BUDGET_DAILY, settings.BUDGET_MONTHLY = 2.0, 2.5
    clock.go(days=-3)
    cost("a")
    clock.go(days=3)
    figures = budget()
    assert (figures.daily_spent, figures.monthly_spent) == (0, 2.5)
    assert figures.renews_at == clock.at.replace(month=4, day=1, hour=0)


def test_what_a_process_knows_of_the_budget_is_two_seconds_old_at_most(
    settings, clock, monkeypatch, django_assert_num_queries
):
    ticks = 100.0
    monkeypatch.setattr("credits.selectors.costs.time.monotonic", lambda: ticks)
    forget_budget()
    settings.BUDGET_DAILY = 1.0
    assert budget_is_spent() is False
    cost("a")
    with django_assert_num_queries(0):
        assert budget_is_spent() is False
    ticks += 2.0
    assert budget_is_spent() is True
