"""Wards and guardians for the tests of what is between them."""

from __future__ import annotations

from datetime import date, timedelta

from django.utils import timezone

from accounts import services
from accounts.models import Guardianship, User
from notifications.selectors import events_after

ADULT, TEEN, CHILD = (timedelta(days=years * 366) for years in (40, 15, 11))


def born(age: timedelta) -> date:
    return timezone.now().date() - age


def link(kid: User, mum: User, *, granted: bool = False) -> Guardianship:
    services.ask_guardian(ward=kid, username=mum.username)
    made = services.answer_ward(guardian=mum, username=kid.username, accept=True)
    if granted:
        services.set_grant(guardian=mum, username=kid.username, may_enrol_cameo=True)
    return made


def rows() -> list[dict]:
    return list(Guardianship.objects.order_by("pk").values())


def events(user: User) -> list[tuple]:
    keys = ("username", "state", "may_enrol_cameo")
    return [(e["type"], *(e["data"][key] for key in keys)) for e in events_after(user.pk, 0)]
