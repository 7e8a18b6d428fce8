"""Asks, answers, grants and endings of one family at once."""

from __future__ import annotations

import pytest

from accounts import selectors, services
from accounts.models import Guardianship, User
from core.errors import DomainError
from tests.accounts.families import ADULT, born, events, link
from tests.racing import race


def outcome(act) -> str:
    try:
        return str(act().state)
    except DomainError as error:
        return error.code


@pytest.mark.django_db(transaction=True)
def test_asks_at_once_make_one_link_a_pair_and_two_in_all(people, make_user):
    kid, _ = people()
    names = ["mum", *(make_user(f"aunt{i}", birth_date=born(ADULT)).username for i in range(3))]

    def ask(index):
        return outcome(lambda: services.ask_guardian(ward=kid, username=names[index % 4]))

    found = race(ask, times=8)
    open_links = Guardianship.objects.filter(ward=kid)
    assert open_links.count() == 2
    assert sorted(set(found)) == ["asked", "too_many_guardians"]
    assert found.count("asked") == 4  # both asks of each of the two names that were first
    guardians = User.objects.filter(ward_links__in=open_links)
    assert sum(len(events(each)) for each in guardians) == 2


@pytest.mark.django_db(transaction=True)
def test_of_two_answers_at_once_one_counts(people):
    for attempt in range(4):
        kid, mum = people(str(attempt))
        services.ask_guardian(ward=kid, username=mum.username)

        def answer(index, mum=mum, name=kid.username):
            accept = index == 0
            return outcome(lambda: services.answer_ward(guardian=mum, username=name, accept=accept))

        accepted, declined = race(answer, times=2)
        state = Guardianship.objects.get(ward=kid).state
        assert (accepted, declined, state) in {
            ("active", "guardianship_answered", "active"),
            ("not_found", "ended", "ended"),
        }
        assert len(events(kid)) == 1


@pytest.mark.django_db(transaction=True)
def test_granting_while_the_ward_or_a_block_ends_it_leaves_no_grant(people, told):
    for attempt in range(4):
        kid, mum = people(str(attempt))
        link(kid, mum)

        def act(index, kid=kid, mum=mum, attempt=attempt):
            if index == 0:
                return outcome(
                    lambda: services.set_grant(
                        guardian=mum, username=kid.username, may_enrol_cameo=True
                    )
                )
            if attempt % 2:
                services.block(blocker=kid, username=mum.username)
            else:
                services.leave_guardian(ward=kid, username=mum.username)
            return "left"

        race(act, times=2)
        assert selectors.likeness_standing(kid.pk) == "guardian_needed"
        heard = [each[2] for each in told if each[0] == kid.pk]
        assert heard in ([], [True, False])


@pytest.mark.django_db(transaction=True)
def test_two_guardians_who_withdraw_at_once_leave_the_apps_with_the_truth(people, make_user, told):
    kid, mum = people()
    parents = [mum, make_user("dad", birth_date=born(ADULT))]
    for each in parents:
        link(kid, each)

    def withdraw(index):
        services.set_grant(guardian=parents[index], username="kid", may_enrol_cameo=False)

    for _ in range(4):
        for each in parents:
            services.set_grant(guardian=each, username="kid", may_enrol_cameo=True)
        told.clear()
        race(withdraw, times=2)
        assert [each[2] for each in told] == [True, False]
        assert selectors.likeness_standing(kid.pk) == "guardian_needed"
