from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from credits.selectors.costs import forget_budget

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)


class Clock:
    """A clock that the test holds."""

    def __init__(self, at):
        self.at = at

    def __call__(self):
        return self.at

    def go(self, **by):
        self.at += timedelta(**by)


@pytest.fixture
def clock(monkeypatch):
    """Stop Django's clock at noon (UTC) of a day in March."""
    held = Clock(NOON)
    monkeypatch.setattr("django.utils.timezone.now", held)
    return held


@pytest.fixture(autouse=True)
def _fresh_budget():
    forget_budget()


@pytest.fixture
def ada(make_user):
    return make_user("ada")


@pytest.fixture
def bob(make_user):
    return make_user("bob")
