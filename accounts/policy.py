"""Pure decisions about people: age, and what a role may do."""

from __future__ import annotations

from datetime import date

from django.contrib.auth.models import AnonymousUser

from accounts.models import User

MODERATOR_ROLES = frozenset({"moderator", "senior", "child-safety"})
OPERATOR_ROLES = frozenset({"operator", "admin"})
ROLES = (*sorted(MODERATOR_ROLES), "auditor", "operator", "admin")


def is_moderator(user: User | AnonymousUser) -> bool:
    """Tell whether the user decides moderation cases: staff in a moderating role, or an admin."""
    if not (user.is_active and user.is_staff):
        return False
    return user.is_superuser or user.groups.filter(name__in=MODERATOR_ROLES).exists()


def is_operator(user: User | AnonymousUser) -> bool:
    """Tell whether the user runs the instance: staff in an operating role, or an admin."""
    if not (user.is_active and user.is_staff):
        return False
    return user.is_superuser or user.groups.filter(name__in=OPERATOR_ROLES).exists()


def age_years(*, born: date, today: date) -> int:
    """Return completed years of life; who was born on 29 February completes one on 1 March."""
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))
