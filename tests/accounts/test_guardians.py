"""Who looks after whom: asking, answering, granting, ending, and what a birthday does."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts import errors, policy, selectors, services
from accounts.models import Block, Guardianship, User
from accounts.policy import LikenessStanding
from accounts.signals import guardian_grant_changed
from core.errors import DomainError
from tests.accounts.families import ADULT, CHILD, TEEN, born, events, link, rows


def test_the_last_day_of_birth_agrees_with_the_count_of_years():
    day, end = date(2027, 1, 1), date(2029, 1, 1)  # 29 February 2028 among them
    while day < end:
        last = policy.latest_birth_of(years=18, today=day)
        assert policy.age_years(born=last, today=day) >= 18
        assert policy.age_years(born=last + timedelta(days=1), today=day) == 17
        day += timedelta(days=1)


AGES = [  # years, MINIMUM_AGE_YEARS, the standing without a grant and with one
    (None, 13, "unknown_age", "unknown_age"),
    (-1, 13, "too_young", "too_young"),
    (12, 13, "too_young", "too_young"),
    (12, 5, "too_young", "too_young"),
    (13, 13, "guardian_needed", "granted"),
    (15, 16, "too_young", "too_young"),
    (16, 16, "guardian_needed", "granted"),
    (17, 13, "guardian_needed", "granted"),
    (18, 13, "adult", "adult"),
    (18, 21, "too_young", "too_young"),
    (90, 13, "adult", "adult"),
]


@pytest.mark.parametrize("link_state", ["none", "asked", "active", "granted", "ended"])
def test_every_age_with_every_link(people, settings, link_state):
    kid, mum = people()
    if link_state != "none":
        services.ask_guardian(ward=kid, username="mum")
    if link_state in {"active", "granted", "ended"}:
        services.answer_ward(guardian=mum, username="kid", accept=True)
    if link_state in {"granted", "ended"}:
        services.set_grant(guardian=mum, username="kid", may_enrol_cameo=True)
    if link_state == "ended":
        services.leave_ward(guardian=mum, username="kid")
    today, found, expected = timezone.now().date(), [], []
    for years, minimum, without, granted in AGES:
        settings.MINIMUM_AGE_YEARS = minimum
        birth = None if years is None else policy.latest_birth_of(years=years, today=today)
        User.objects.filter(pk=kid.pk).update(birth_date=birth)
        found.append((years, minimum, selectors.likeness_standing(kid.pk)))
        expected.append((years, minimum, granted if link_state == "granted" else without))
    assert found == expected


def test_who_is_an_adult_or_was_granted_it_may_enrol():
    assert [each for each in LikenessStanding if each.may_enrol] == ["adult", "granted"]


def test_the_standing_is_one_query_and_of_somebody(people, django_assert_num_queries):
    kid, mum = people()
    link(kid, mum, granted=True)
    with django_assert_num_queries(1):
        assert selectors.likeness_standing(kid.pk) is LikenessStanding.GRANTED
    with pytest.raises(errors.UserNotFound):
        selectors.likeness_standing(Guardianship.objects.get().pk)


@pytest.mark.parametrize(
    "change",
    [
        {"is_active": False},
        {"suspended_until": timezone.now() + timedelta(days=1)},
        {"birth_date": born(TEEN)},
        {"birth_date": None},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_grant_ends_with_what_makes_a_guardian(people, change):
    kid, mum = people()
    link(kid, mum, granted=True)
    User.objects.filter(pk=mum.pk).update(**change)
    assert selectors.likeness_standing(kid.pk) == "guardian_needed"


def test_a_suspension_that_is_over_takes_nothing_away(people):
    kid, mum = people()
    link(kid, mum, granted=True)
    User.objects.filter(pk=mum.pk).update(suspended_until=timezone.now() - timedelta(seconds=1))
    assert selectors.likeness_standing(kid.pk) == "granted"


def test_a_block_that_came_past_the_services_stops_a_grant_too(people):
    kid, mum = people()
    link(kid, mum, granted=True)
    edge = Block.objects.create(blocker=kid, blocked=mum)
    assert selectors.likeness_standing(kid.pk) == "guardian_needed"
    edge.delete()
    Block.objects.create(blocker=mum, blocked=kid)
    assert selectors.likeness_standing(kid.pk) == "guardian_needed"


def test_the_whole_story_over_http(client_of, people):
    kid, mum = people()
    ward, guardian = client_of(kid), client_of(mum)
    asked = ward.post("/api/v1/me/guardians", {"username": "MUM"}, format="json")
    assert asked.status_code == 201
    assert asked.json() == {
        "username": "mum",
        "display_name": "",
        "state": "asked",
        "may_enrol_cameo": False,
        "created_at": asked.json()["created_at"],
        "answered_at": None,
    }
    seen = guardian.get("/api/v1/me/wards").json()["items"]
    assert [(each["username"], each["state"]) for each in seen] == [("kid", "asked")]
    early = guardian.patch("/api/v1/me/wards/kid", {"may_enrol_cameo": True}, format="json")
    assert (early.status_code, early.json()["code"]) == (409, "guardianship_not_answered")
    answered = guardian.post("/api/v1/me/wards/KID", {"accept": True}, format="json").json()
    assert (answered["state"], answered["may_enrol_cameo"]) == ("active", False)
    assert ward.get("/api/v1/me/guardians").json()["likeness_standing"] == "guardian_needed"
    granted = guardian.patch("/api/v1/me/wards/kid", {"may_enrol_cameo": True}, format="json")
    assert granted.json()["may_enrol_cameo"] is True
    mine = ward.get("/api/v1/me/guardians").json()
    assert (mine["likeness_standing"], mine["items"][0]["may_enrol_cameo"]) == ("granted", True)
    for _ in "twice":
        assert guardian.delete("/api/v1/me/wards/kid").status_code == 204
    mine = ward.get("/api/v1/me/guardians").json()
    assert mine == {"likeness_standing": "guardian_needed", "items": [], "next": None}
    assert ward.delete("/api/v1/me/guardians/mum").status_code == 204
    assert events(mum) == [("guardian.asked", "kid", "asked", False)]
    assert events(kid) == [
        ("guardian.answered", "mum", "active", False),
        ("guardian.grant_changed", "mum", "active", True),
        ("guardian.ended", "mum", "ended", False),
    ]


@pytest.mark.parametrize(
    ("who", "fields", "code"),
    [
        ("guardian", {"birth_date": None}, "guardian_not_possible"),
        ("guardian", {"birth_date": born(TEEN)}, "guardian_not_possible"),
        ("guardian", {"email": "kid+mum@example.org"}, "guardian_not_possible"),
        (
            "guardian",
            {"suspended_until": timezone.now() + timedelta(days=1)},
            "guardian_not_possible",
        ),
        ("guardian", {"is_active": False}, "not_found"),
        ("ward", {"birth_date": None}, "not_a_ward"),
        ("ward", {"birth_date": born(ADULT)}, "not_a_ward"),
        ("ward", {"birth_date": born(CHILD)}, None),  # may ask; the standing stays `too_young`
    ],
)
def test_who_may_ask_whom(client_of, people, who, fields, code):
    kid, mum = people()
    User.objects.filter(pk=(kid if who == "ward" else mum).pk).update(**fields)
    answer = client_of(kid).post("/api/v1/me/guardians", {"username": "mum"}, format="json")
    assert answer.json().get("code") == code
    assert (Guardianship.objects.count(), len(events(mum))) == ((0, 0) if code else (1, 1))


def test_who_came_by_the_wards_invite_is_no_guardian(people):
    kid, mum = people()
    services.redeem_invite(code=services.create_invite(by=kid.pk)[1], user_id=mum.pk)
    with pytest.raises(errors.GuardianNotPossible):
        services.ask_guardian(ward=kid, username="mum")
    assert rows() == []


def test_a_guardian_who_invited_the_ward_may_be_one(people):
    kid, mum = people()
    services.redeem_invite(code=services.create_invite(by=mum.pk)[1], user_id=kid.pk)
    assert services.ask_guardian(ward=kid, username="mum").state == "asked"


@pytest.mark.parametrize("blocker", ["kid", "mum"])
def test_with_a_block_nobody_asks_and_what_was_ends(people, told, blocker):
    kid, mum = people()
    link(kid, mum, granted=True)
    told.clear()
    one, other = (kid, mum) if blocker == "kid" else (mum, kid)
    services.block(blocker=one, username=other.username)
    assert Guardianship.objects.get().state == "ended"
    assert told == [(kid.pk, mum.pk, False)]
    assert events(other)[-1] == ("guardian.ended", one.username, "ended", False)
    services.block(blocker=one, username=other.username)
    assert len(told) == 1
    before = rows()
    with pytest.raises(errors.UserNotFound):
        services.ask_guardian(ward=kid, username="mum")
    services.unblock(blocker=one, username=other.username)
    assert rows() == before


def test_asking_oneself_or_nobody(client_of, people):
    client = client_of(people()[0])
    for name, code in (("kid", "not_to_yourself"), ("nobody", "not_found"), ("a\0b", "invalid")):
        answer = client.post("/api/v1/me/guardians", {"username": name}, format="json").json()
        assert (answer["code"], answer["errors"][0]["field"]) == (code, "username")
    assert rows() == []


def test_asking_again_changes_nothing_and_tells_nobody_twice(people):
    kid, mum = people()
    first = services.ask_guardian(ward=kid, username="mum")
    assert services.ask_guardian(ward=kid, username="mum") == first
    assert len(events(mum)) == 1


def test_at_most_two_guardians_those_asked_included(people, make_user):
    kid, mum = people()
    make_user("dad", birth_date=born(ADULT))
    make_user("gran", birth_date=born(ADULT))
    link(kid, mum)
    services.ask_guardian(ward=kid, username="dad")
    before = rows()
    with pytest.raises(errors.TooManyGuardians):
        services.ask_guardian(ward=kid, username="gran")
    assert rows() == before
    services.leave_guardian(ward=kid, username="dad")
    assert services.ask_guardian(ward=kid, username="gran").state == "asked"


def test_nobody_is_asked_again_and_again(people):
    kid, mum = people()
    for _ in range(5):
        services.ask_guardian(ward=kid, username="mum")
        services.answer_ward(guardian=mum, username="kid", accept=False)
    before = rows()
    with pytest.raises(errors.TooManyGuardianAsks):
        services.ask_guardian(ward=kid, username="mum")
    assert rows() == before
    Guardianship.objects.update(created_at=timezone.now() - timedelta(days=1, seconds=1))
    assert services.ask_guardian(ward=kid, username="mum").state == "asked"


def test_declining_ends_it_and_grants_cannot_follow(people, told):
    kid, mum = people()
    services.ask_guardian(ward=kid, username="mum")
    services.answer_ward(guardian=mum, username="kid", accept=False)
    before = rows()
    assert (before[0]["state"], before[0]["answered_at"] is None) == ("ended", False)
    for late in (
        lambda: services.answer_ward(guardian=mum, username="kid", accept=True),
        lambda: services.set_grant(guardian=mum, username="kid", may_enrol_cameo=True),
    ):
        with pytest.raises(errors.GuardianshipNotFound):
            late()
    assert (rows(), told) == (before, [])
    assert events(kid) == [("guardian.answered", "mum", "ended", False)]


def test_only_the_guardian_answers_grants_and_ends_as_guardian(client_of, people, make_user):
    kid, mum = people()
    services.ask_guardian(ward=kid, username="mum")
    before = rows()
    for caller in (kid, make_user("dan", birth_date=born(ADULT))):
        client = client_of(caller)
        for method, body in (("post", {"accept": True}), ("patch", {"may_enrol_cameo": True})):
            answer = getattr(client, method)("/api/v1/me/wards/kid", body, format="json")
            assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
        assert client.delete("/api/v1/me/wards/kid").status_code == 404
    assert client_of(mum).delete("/api/v1/me/guardians/kid").status_code == 404
    assert rows() == before


def test_who_is_no_adult_any_more_by_a_corrected_date_cannot_accept(people):
    kid, mum = people()
    services.ask_guardian(ward=kid, username="mum")
    mum.birth_date = born(TEEN)
    with pytest.raises(errors.GuardianNotPossible):
        services.answer_ward(guardian=mum, username="kid", accept=True)
    assert rows()[0]["state"] == "asked"
    services.answer_ward(guardian=mum, username="kid", accept=False)
    assert rows()[0]["state"] == "ended"


def test_a_suspended_guardian_may_leave_but_not_grant(client_of, people, told):
    kid, mum = people()
    link(kid, mum, granted=True)
    User.objects.filter(pk=mum.pk).update(suspended_until=timezone.now() + timedelta(days=1))
    client = client_of(mum)
    answer = client.patch("/api/v1/me/wards/kid", {"may_enrol_cameo": False}, format="json")
    assert answer.json()["code"] == "account_suspended"
    assert client.delete("/api/v1/me/wards/kid").status_code == 204
    assert told[-1] == (kid.pk, mum.pk, False)


def test_the_apps_above_are_told_once_a_change_and_inside_it(people, told):
    kid, mum = people()
    link(kid, mum)
    assert told == []
    for wanted in (True, True, False, False, True):
        services.set_grant(guardian=mum, username="kid", may_enrol_cameo=wanted)
    services.leave_guardian(ward=kid, username="mum")
    services.leave_guardian(ward=kid, username="mum")
    assert [each[2] for each in told] == [True, False, True, False]


def test_a_receiver_that_fails_takes_the_withdrawal_back(people):
    kid, mum = people()
    link(kid, mum, granted=True)
    before = rows()

    def fail(**_):
        raise DomainError

    guardian_grant_changed.connect(fail)
    try:
        with pytest.raises(DomainError):
            services.set_grant(guardian=mum, username="kid", may_enrol_cameo=False)
    finally:
        guardian_grant_changed.disconnect(fail)
    assert rows() == before


def test_one_of_two_guardians_grants_and_the_apps_hear_what_stands(people, make_user, told):
    kid, mum = people()
    dad = make_user("dad", birth_date=born(ADULT))
    link(kid, mum, granted=True)
    link(kid, dad, granted=True)
    services.set_grant(guardian=mum, username="kid", may_enrol_cameo=False)
    assert selectors.likeness_standing(kid.pk) == "granted"
    services.leave_ward(guardian=dad, username="kid")
    assert selectors.likeness_standing(kid.pk) == "guardian_needed"
    expected = [(mum.pk, True), (dad.pk, True), (mum.pk, True), (dad.pk, False)]
    assert [each[1:] for each in told] == expected


def test_on_the_eighteenth_birthday_the_link_means_nothing(client_of, people, told):
    kid, mum = people()
    link(kid, mum, granted=True)
    told.clear()
    today = timezone.now().date()
    eighteen = policy.latest_birth_of(years=18, today=today)
    User.objects.filter(pk=kid.pk).update(birth_date=eighteen + timedelta(days=1))
    assert selectors.likeness_standing(kid.pk) == "granted"
    assert len(client_of(mum).get("/api/v1/me/wards").json()["items"]) == 1
    User.objects.filter(pk=kid.pk).update(birth_date=eighteen)
    before = rows()
    assert selectors.likeness_standing(kid.pk) == "adult"
    assert client_of(mum).get("/api/v1/me/wards").json()["items"] == []
    mine = client_of(kid).get("/api/v1/me/guardians").json()
    assert (mine["likeness_standing"], mine["items"]) == ("adult", [])
    with pytest.raises(errors.GuardianshipNotFound):
        services.set_grant(guardian=mum, username="kid", may_enrol_cameo=False)
    services.leave_guardian(ward=kid, username="mum")
    assert (rows(), told) == (before, [])


@pytest.mark.parametrize(
    "wrong",
    [
        {"may_enrol_cameo": True},
        {"state": "active"},
        {"state": "ended"},
        {"answered_at": timezone.now()},
    ],
)
def test_the_database_refuses_a_row_that_cannot_be(people, wrong):
    kid, mum = people()
    made = services.ask_guardian(ward=kid, username="mum")
    with pytest.raises(IntegrityError), transaction.atomic():
        Guardianship.objects.filter(pk=made.pk).update(**wrong)
    with pytest.raises(IntegrityError), transaction.atomic():
        Guardianship.objects.create(ward=kid, guardian=mum)
    with pytest.raises(IntegrityError), transaction.atomic():
        Guardianship.objects.create(ward=kid, guardian=kid)
