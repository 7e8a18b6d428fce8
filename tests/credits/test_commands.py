"""`manage.py credits`."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from credits.models import Wallet
from credits.selectors import balance_of, plan_of
from credits.services import record_cost

pytestmark = pytest.mark.django_db


def run(*words):
    out = StringIO()
    call_command("credits", *map(str, words), stdout=out)
    return out.getvalue()


def test_an_operator_gives_credits_and_sees_them(ada, clock):
    for said in ("40 granted", "granted before: nothing is given"):
        words = run("grant", "ADA", 40, "--days", 10, "--key", "sorry", "--note", "Sorry")
        assert words.strip() == said
    run("grant", "ada", 2)
    shown = run("balance", "ada")
    assert "plan free\nbalance 192, held 0\n" in shown
    assert "40 grant     until 2026-03-20 12:00" in shown
    assert balance_of(ada.pk).balance == 192


def test_an_operator_gives_and_ends_a_plan(ada, clock):
    assert run("plan", "ada", "pro") == "@ada has pro\n"
    assert plan_of(ada.pk).name == "pro"
    run("plan", "ada", "pro", "--days", 0)
    assert plan_of(ada.pk).name == "free"


@pytest.mark.parametrize(
    "words",
    [
        ("balance", "nobody"),
        ("grant", "ada", 0),
        ("grant", "ada", 5, "--days", 0),
        ("plan", "ada", "gold"),
        ("plan", "ada", "pro", "--days", -1),
        ("spend", "ada"),
    ],
)
def test_what_cannot_be_done_is_said_and_not_done(ada, words):
    with pytest.raises(CommandError):
        run(*words)
    assert not Wallet.objects.exists()
    assert plan_of(ada.pk).name == "free"


def test_books_that_do_not_add_up_fail_the_command(ada):
    run("grant", "ada", 5)
    assert run("reconcile") == "the books add up\n"
    Wallet.objects.update(available=6)
    with pytest.raises(CommandError, match="2 sums"):
        run("reconcile")


def test_costs_and_the_budget_are_told(ada, settings, clock):
    settings.BUDGET_MONTHLY = 10.0
    record_cost(
        reference="job",
        user_id=ada.pk,
        engine="scene",
        model="scene",
        engine_seconds=7200,
        storage_bytes=0,
        outcome="ready",
    )
    told = run("costs", "--by", "engine")
    assert "scene" in told
    assert "0.06 EUR" in told
    assert "today: 0.06 EUR, no limit\nthis month: 0.06 EUR, of 10.00\n" in told
