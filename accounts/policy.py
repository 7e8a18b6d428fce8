"""Pure decisions about people: age, guardians, and what a role may do."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the models read this module while they load
    from django.contrib.auth.models import AnonymousUser

    from accounts.models import User

MODERATOR_ROLES = frozenset({"moderator", "senior", "child-safety"})
OPERATOR_ROLES = frozenset({"operator", "admin"})
ROLES = (*sorted(MODERATOR_ROLES), "auditor", "operator", "admin")

ADULT_YEARS = 18
LIKENESS_YEARS_MIN = 13  # whatever MINIMUM_AGE_YEARS says, and whoever grants
GUARDIANS_MAX = 2  # of one ward, those asked included
ASKS_PER_DAY_MAX = 5  # of one ward: nobody is asked again and again


class LikenessStanding(StrEnum):
    """Whether a person's age lets them enrol their likeness."""

    ADULT = "adult"
    GRANTED = "granted"  # a teen, and a guardian of theirs allows it
    GUARDIAN_NEEDED = "guardian_needed"  # a teen without that
    TOO_YOUNG = "too_young"
    UNKNOWN_AGE = "unknown_age"  # an account of the operator's making, without a date of birth

    @property
    def may_enrol(self) -> bool:
        """Whether it lets them."""
        return self in {LikenessStanding.ADULT, LikenessStanding.GRANTED}


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


def latest_birth_of(*, years: int, today: date) -> date:
    """Return the last day of birth of those with so many completed years, as `age_years` counts."""
    try:
        return today.replace(year=today.year - years)
    except ValueError:  # 29 February, in a year that has none
        return date(today.year - years, 2, 28)


def likeness_standing(
    *, born: date | None, today: date, is_granted: bool, minimum_age_years: int
) -> LikenessStanding:
    """Return how a person stands to enrolling their likeness.

    Args:
        born: date of birth; None: nobody knows.
        today: the day of the decision.
        is_granted: whether a guardian allows it, who may be one.
        minimum_age_years: youngest age that may sign up; below it, or below 13, nothing helps.
    """
    if born is None:
        return LikenessStanding.UNKNOWN_AGE
    age = age_years(born=born, today=today)
    if age < max(minimum_age_years, LIKENESS_YEARS_MIN):
        return LikenessStanding.TOO_YOUNG
    if age >= ADULT_YEARS:
        return LikenessStanding.ADULT
    return LikenessStanding.GRANTED if is_granted else LikenessStanding.GUARDIAN_NEEDED


def is_ward(user: User, *, today: date) -> bool:
    """Tell whether the user may have guardians: under 18, by a date of birth."""
    born = user.birth_date
    return born is not None and age_years(born=born, today=today) < ADULT_YEARS


def is_fit_guardian(user: User, *, today: date) -> bool:
    """Tell whether the user may be a guardian: an adult by a date of birth, in good standing."""
    born = user.birth_date
    is_adult = born is not None and age_years(born=born, today=today) >= ADULT_YEARS
    return is_adult and user.is_active and not user.is_suspended


def is_same_mailbox(one: str, other: str) -> bool:
    """Tell whether two addresses reach one mailbox: a tag after `+` makes no other."""
    return _mailbox(one) == _mailbox(other)


def _mailbox(email: str) -> tuple[str, str]:
    local, _, domain = email.lower().rpartition("@")
    return local.partition("+")[0], domain
