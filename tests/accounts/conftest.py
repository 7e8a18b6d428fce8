"""Fixtures of the tests of accounts alone."""

from __future__ import annotations

import pytest
from django.db import transaction

from accounts.models import User
from accounts.signals import guardian_grant_changed
from tests.accounts.families import ADULT, TEEN, born


@pytest.fixture
def people(make_user):
    """Return a function that makes a ward and a guardian."""

    def make(suffix: str = "") -> tuple[User, User]:
        kid = make_user(f"kid{suffix}", birth_date=born(TEEN))
        return kid, make_user(f"mum{suffix}", birth_date=born(ADULT))

    return make


@pytest.fixture
def told():
    """Return what the apps above are told of grants: (ward, guardian, whether it stands)."""
    found: list[tuple[object, object, bool]] = []

    def hear(*, ward_id, guardian_id, may_enrol_cameo, **_):
        assert transaction.get_connection().in_atomic_block
        found.append((ward_id, guardian_id, may_enrol_cameo))

    guardian_grant_changed.connect(hear)
    yield found
    guardian_grant_changed.disconnect(hear)
