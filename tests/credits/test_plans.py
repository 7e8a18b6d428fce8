"""Who has which plan, and when."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from credits.errors import PlanUnknown
from credits.models import Subscription
from credits.selectors import plan_of, plans_of
from credits.services import set_plan
from tests.racing import race

pytestmark = pytest.mark.django_db


def test_everybody_has_the_free_plan_until_they_have_another(ada, clock):
    assert plan_of(ada.pk).name == "free"
    until = clock.at + timedelta(days=1)
    set_plan(user_id=ada.pk, plan="plus", until=until, source="operator")
    assert plan_of(ada.pk).name == "plus"
    clock.go(days=1)
    assert plan_of(ada.pk).name == "free"


def test_of_several_sources_the_highest_counts_and_each_ends_its_own(ada, clock):
    set_plan(user_id=ada.pk, plan="pro", until=None, source="operator")
    set_plan(user_id=ada.pk, plan="plus", until=None, source="stripe:sub")
    assert plan_of(ada.pk).name == "pro"
    set_plan(user_id=ada.pk, plan="pro", until=clock.at, source="operator")
    assert plan_of(ada.pk).name == "plus"
    assert Subscription.objects.count() == 2


def test_a_plan_that_is_none_is_refused(ada):
    with pytest.raises(PlanUnknown) as caught:
        set_plan(user_id=ada.pk, plan="gold", until=None, source="operator")
    assert (caught.value.status, caught.value.field) == (422, "plan")
    assert not Subscription.objects.exists()


def test_a_plan_that_the_operator_took_from_the_file_counts_no_more(ada):
    Subscription.objects.create(user=ada, plan="gold", source="operator")
    assert plan_of(ada.pk).name == "free"


def test_the_plans_of_many_are_one_query(ada, bob, make_user):
    set_plan(user_id=bob.pk, plan="pro", until=None, source="operator")
    people = [ada, bob, make_user()]
    with CaptureQueriesContext(
        connection,
    ) as queries:
        got = plans_of(each.pk for each in people)
    assert len(queries) == 1
    assert [got[each.pk].name for each in people] == ["free", "pro", "free"]


def test_the_same_source_at_once_leaves_one_row(transactional_db, make_user):
    user = make_user()
    race(
        lambda n: set_plan(
            user_id=user.pk, plan=("plus", "pro")[n % 2], until=None, source="operator"
        ),
        times=8,
    )
    assert Subscription.objects.get().plan in {"plus", "pro"}
