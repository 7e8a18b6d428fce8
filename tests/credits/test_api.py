"""Credits and plans over HTTP."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from credits.models import Lot
from credits.services import grant, hold, release, settle

pytestmark = pytest.mark.django_db


def test_credits_say_what_i_have_and_what_expires_when(ada, client_of):
    until = timezone.now() + timedelta(days=30)
    grant(user_id=ada.pk, amount=60, source="purchase", key="k", expires_at=until)
    hold(user_id=ada.pk, reference="job", amount=40)
    client = client_of(ada)
    response = client.get("/api/v1/credits")
    got = response.json()
    renews_at = got["daily"]["renews_at"]
    assert got == {
        "plan": "free",
        "balance": 170,
        "held": 40,
        "daily": {"amount": 150, "left": 110, "renews_at": renews_at},
        "lots": [
            {"source": "daily", "left": 110, "expires_at": renews_at},
            {"source": "purchase", "left": 60, "expires_at": until.isoformat()[:-6] + "Z"},
        ],
    }
    again = client.get("/api/v1/credits", headers={"If-None-Match": response["ETag"]})
    assert again.status_code == 304


def test_credits_are_read_in_five_queries_of_which_none_writes(ada, client_of):
    client = client_of(ada)
    with CaptureQueriesContext(connection) as queries:
        assert client.get("/api/v1/credits").json()["balance"] == 150
    assert len(queries) <= 5, [each["sql"] for each in queries]
    assert not Lot.objects.exists()


def test_history_is_a_list_of_my_own_newest_first(ada, bob, client_of):
    hold(user_id=bob.pk, reference="his", amount=1)
    hold(user_id=ada.pk, reference="generation:1", amount=40)
    release(reference="generation:1")
    hold(user_id=ada.pk, reference="generation:2", amount=7)
    settle(reference="generation:2")
    client = client_of(ada)
    first = client.get("/api/v1/credits/history?limit=2").json()
    rest = client.get(f"/api/v1/credits/history?cursor={first['next']}").json()
    items = first["items"] + rest["items"]
    assert [(each["kind"], each["amount"]) for each in items] == [
        ("held", -7),
        ("released", 40),
        ("held", -40),
        ("granted", 150),
    ]
    assert items[0]["reference"] == "generation:2"
    assert items[3]["note"] == "Daily credits, Free"
    assert set(items[0]) == {"id", "kind", "amount", "reference", "note", "created_at"}
    assert rest["next"] is None
    stolen = client_of(bob).get(f"/api/v1/credits/history?cursor={first['next']}")
    assert stolen.json()["code"] == "bad_cursor"


def test_plans_packs_and_prices_are_public_and_costs_are_not(api):
    got = api.get("/api/v1/plans").json()
    assert [plan["name"] for plan in got["plans"]] == ["free", "plus", "pro"]
    assert got["plans"][1] == {
        "name": "plus",
        "title": "Plus",
        "daily_credits": 500,
        "weight": 2,
        "running_per_user": 2,
        "waiting_max": 10,
    }
    assert got["packs"][0]["products"]["storekit"] == "vignette.pack.small"
    assert got["subscriptions"][0]["plan"] == "plus"
    assert got["prices"]["credits_per_second"] == {"default": 5.0, "scene": 1.0}
    assert got["prices"]["sizes"][0] == {"megapixels": 0.25, "factor": 1.0}
    assert set(got["prices"]) == {"credits_per_second", "sizes", "without_audio"}
