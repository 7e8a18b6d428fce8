"""Who sees the operator's page, presses its buttons and reads the metrics."""

from __future__ import annotations

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client

from accounts.models import User
from core.models import Switch, SwitchChange
from generation.models import EngineState, Job
from ops.services import ACTIONS
from tests.ops.conftest import ROLES

#                   stranger user moderator auditor operator admin
TABLE = """
GET  /ops/                    302 403 403 403 200 200
GET  /ops/?partial=1          302 403 403 403 200 200
GET  /ops/actions/drain       302 403 403 403 405 405
GET  /metrics                 401 403 403 403 200 200
POST /ops/                    302 403 403 403 405 405
POST /metrics                 405 405 405 405 405 405
"""
TABLE += "".join(f"POST /ops/actions/{name} 302 403 403 403 302 302\n" for name in ACTIONS)


def rows():
    for line in TABLE.strip().splitlines():
        method, path, *statuses = line.split()
        yield method, path, dict(zip(ROLES, map(int, statuses), strict=True))


def state_of_all():
    return [
        list(model.objects.order_by("pk").values())
        for model in (Job, EngineState, Switch, SwitchChange, LogEntry)
    ]


@pytest.mark.parametrize("role", ROLES)
def test_each_role_gets_what_the_table_says_and_who_may_not_changes_nothing(role, site, busy):
    client, wrong, before = site(role), [], state_of_all()
    for method, path, statuses in rows():
        body = {"on": "scene", "reason": "a test"} if method == "POST" else {}
        answer = client.generic(
            method, path, "&".join(f"{k}={v}" for k, v in body.items()).replace(" ", "+"),
            content_type="application/x-www-form-urlencoded",
        )  # fmt: skip
        if answer.status_code != statuses[role]:
            wrong.append((method, path, answer.status_code))
        if role not in {"operator", "admin"} and state_of_all() != before:
            wrong.append((method, path, "changed something"))
    assert wrong == []


def test_a_stranger_comes_back_after_the_login(client, db):
    answer = client.get("/ops/?hours=24")
    assert answer["Location"] == "/admin/login/?next=/ops/%3Fhours%3D24"
    assert client.post("/ops/actions/drain")["Location"] == "/admin/login/?next=/ops/"


def test_the_login_of_the_admin_opens_the_page(client, make_user):
    make_user("olga", password="correct-horse-9", is_staff=True, is_superuser=True)
    form = {"username": "olga", "password": "correct-horse-9"}
    answer = client.post("/admin/login/?next=/ops/", form)
    assert answer["Location"] == "/ops/"
    assert client.get("/ops/").status_code == 200


@pytest.mark.parametrize("change", [{"is_active": False}, {"is_staff": False}])
def test_an_operator_who_was_let_go_sees_nothing_more(change, site):
    client = site("operator")
    User.objects.filter(username="the_operator").update(**change)
    assert client.get("/ops/").status_code in {302, 403}
    assert client.get("/metrics").status_code in {401, 403}


@pytest.mark.parametrize("action", sorted(ACTIONS))
def test_no_button_works_without_the_csrf_token(action, site, busy):
    client, before = site("operator", enforce_csrf_checks=True), state_of_all()
    answer = client.post(f"/ops/actions/{action}", {"on": "scene", "reason": "a test"})
    assert answer.status_code == 403
    assert state_of_all() == before


def test_the_token_of_the_api_opens_neither_page_nor_buttons(client_of, make_user):
    api = client_of(make_user("olga", is_staff=True, is_superuser=True))
    assert api.get("/ops/").status_code == 302
    assert api.get("/metrics").status_code == 401
    assert api.post("/ops/actions/drain", {"on": "scene"}).status_code == 302
    assert not EngineState.objects.exists()


@pytest.mark.parametrize(
    ("token", "sent", "status"),
    [
        ("", "", 401),
        ("", "Bearer ", 401),
        ("t0ken", "Bearer t0ken", 200),
        ("t0ken", "bearer t0ken", 200),
        ("t0ken", "Bearer t0ke", 401),
        ("t0ken", "Bearer t0ken!", 401),
        ("t0ken", "Bearer \xe9", 401),
        ("t0ken", "Basic t0ken", 401),
        ("t0ken", "", 401),
    ],
)
@pytest.mark.django_db
def test_the_metrics_want_their_token(token, sent, status, settings):
    settings.METRICS_TOKEN = token
    answer = Client().get("/metrics", headers={"Authorization": sent} if sent else {})
    assert answer.status_code == status
    if status == 401:
        assert answer.json()["code"] == "not_authenticated"
        assert answer["WWW-Authenticate"].startswith("Bearer")


def test_a_wrong_token_is_refused_in_an_operators_browser_too(site, settings):
    settings.METRICS_TOKEN = "t0ken"
    client = site("operator")
    assert client.get("/metrics", headers={"Authorization": "Bearer no"}).status_code == 401
    assert client.get("/metrics").status_code == 200
