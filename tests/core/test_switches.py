"""Crisis switches: who stops what, how soon every process knows, and what goes on meanwhile."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, OperationalError, connection, transaction

from accounts.models import User, WaitlistEntry
from accounts.services import create_invite
from accounts.services.people import sign_up
from core import switches
from core.errors import InvalidField, UnknownSwitch
from core.models import Switch, SwitchChange
from core.switches import is_thrown, release_switch, switch_changes, throw_switch
from tests.accounts.test_signup import SIGNUP, form
from tests.fixtures import PASSWORD
from tests.instances import ROOT
from tests.racing import race

AUTH = "/_allauth/app/v1"


def throw(name, reason="a test"):
    throw_switch(name=name, reason=reason, by="ada")


@pytest.fixture
def engines(settings):
    settings.ENGINES = {"scene": {"url": "http://127.0.0.1:9"}}


def trail():
    return [(each.name, each.is_on, each.changed_by) for each in switch_changes()]


# ── the switches themselves ───────────────────────────────────────────────────────────


@pytest.mark.django_db
@pytest.mark.usefixtures("engines")
@pytest.mark.parametrize("name", ["generation", "sign_up", "cameos", "read_only", "engine:scene"])
def test_a_switch_is_thrown_and_released_and_both_are_in_the_trail(name):
    assert not is_thrown(name)
    throw(name)
    assert is_thrown(name)
    assert release_switch(name=name, by="bob")
    assert not is_thrown(name)
    assert not release_switch(name=name, by="bob")
    assert trail() == [(name, False, "bob"), (name, True, "ada")]


@pytest.mark.django_db
def test_throwing_again_replaces_the_reason():
    throw("generation", "first")
    throw("generation", "second")
    assert Switch.objects.get().reason == "second"
    assert [each.reason for each in switch_changes()] == ["second", "first"]


@pytest.mark.django_db
@pytest.mark.usefixtures("engines")
@pytest.mark.parametrize("name", ["", "generations", "engine:", "engine:other", "READ_ONLY"])
def test_an_unknown_switch_is_refused_with_those_that_exist(name):
    with pytest.raises(UnknownSwitch, match="generation, sign_up, cameos, read_only, engine:scene"):
        throw(name)
    with pytest.raises(UnknownSwitch):
        release_switch(name=name, by="ada")
    assert trail() == []


@pytest.mark.django_db
@pytest.mark.parametrize("reason", ["", "  ", "x" * 501])
def test_a_switch_wants_a_reason(reason):
    with pytest.raises(InvalidField):
        throw("generation", reason)
    assert not Switch.objects.exists()


@pytest.mark.django_db
@pytest.mark.usefixtures("engines")
def test_the_switch_of_an_engine_that_is_gone_can_be_released(settings):
    throw("engine:scene")
    settings.ENGINES = {}
    assert release_switch(name="engine:scene", by="ada")


@pytest.mark.django_db
def test_the_trail_can_only_grow():
    throw("generation")
    for change in (
        lambda: SwitchChange.objects.update(changed_by="nobody"),
        lambda: SwitchChange.objects.all().delete(),
    ):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            change()


@pytest.mark.django_db(transaction=True)
def test_many_at_once_leave_one_row_and_a_trail_that_ends_as_the_table():
    def change(index):
        if index % 2:
            release_switch(name="generation", by=str(index))
        else:
            throw_switch(name="generation", reason="r", by=str(index))

    race(change, times=12)
    newest = switch_changes().first()
    assert newest.is_on == Switch.objects.filter(name="generation").exists()
    assert SwitchChange.objects.filter(is_on=True).count() == 6
    switches.forget_known_switches()
    assert is_thrown("generation") == newest.is_on


# ── what a process knows ──────────────────────────────────────────────────────────────


@pytest.mark.django_db
def test_one_query_answers_for_all_switches_until_it_is_too_old(
    monkeypatch, django_assert_num_queries
):
    now = 100.0
    monkeypatch.setattr(switches.time, "monotonic", lambda: now)
    switches.forget_known_switches()
    with django_assert_num_queries(1):
        for _ in range(50):
            assert not is_thrown("generation")
            assert not is_thrown("read_only")
    Switch.objects.create(name="generation", reason="elsewhere", set_by="bob")
    now = 101.9
    with django_assert_num_queries(0):
        assert not is_thrown("generation")
    now = 102.0
    with django_assert_num_queries(1):
        assert is_thrown("generation")


@pytest.mark.django_db
def test_without_postgresql_the_last_known_state_holds(monkeypatch, caplog):
    def away(*args, **kwargs):
        raise OperationalError("the server closed the connection")

    throw("generation")
    assert is_thrown("generation")
    monkeypatch.setattr(switches, "KNOWN_SECONDS", 0.0)
    monkeypatch.setattr(switches._known, "_good_until", 0.0)
    monkeypatch.setattr(Switch.objects, "values_list", away)
    assert is_thrown("generation")
    assert not is_thrown("read_only")
    assert "PostgreSQL does not answer" in caplog.text


@pytest.mark.django_db
def test_a_slow_read_holds_up_one_thread_only():
    with switches._known._reading:  # another thread reads, and the database is slow
        switches._known._good_until = 0.0
        assert not is_thrown("generation")


WATCH = """
import sys, time
import django
django.setup()
from core.switches import is_thrown
print(is_thrown("generation"), flush=True)
while not is_thrown("generation"):
    time.sleep(0.05)
print(True, flush=True)
"""


@pytest.mark.django_db(transaction=True)
def test_another_process_acts_within_five_seconds():
    database = connection.settings_dict
    url = f"{os.environ['DATABASE_URL'].rpartition('/')[0]}/{database['NAME']}"
    process = subprocess.Popen(
        [sys.executable, "-c", WATCH],
        cwd=ROOT,
        env=os.environ | {"DATABASE_URL": url},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout.readline() == "False\n"
        throw("generation")
        since = time.monotonic()
        assert process.stdout.readline() == "True\n"
        assert time.monotonic() - since < 5
        assert process.wait(10) == 0
    finally:
        process.kill()
        process.communicate()


# ── sign_up ───────────────────────────────────────────────────────────────────────────


@pytest.mark.django_db
@pytest.mark.parametrize("has_invite", [True, False])
def test_nobody_signs_up_and_no_invite_is_used_up(api, has_invite):
    invite, code = create_invite(by=None)
    throw("sign_up")
    answer = api.post(SIGNUP, form(code if has_invite else ""), format="json")
    assert answer.status_code == 400
    assert [error["code"] for error in answer.json()["errors"]] == ["sign_up_stopped"]
    invite.refresh_from_db()
    assert (invite.uses_left, User.objects.count()) == (1, 0)
    assert api.post("/api/v1/waitlist", {"email": "bob@example.org"}, format="json").data == {
        "position": 1
    }
    release_switch(name="sign_up", by="ada")
    assert api.post(SIGNUP, form(code), format="json").status_code == 200


@pytest.mark.django_db
def test_a_sign_up_past_the_form_is_stopped_too(api, monkeypatch):
    code = create_invite(by=None)[1]
    monkeypatch.setattr("accounts.auth_views.is_thrown", lambda name: False)
    throw("sign_up")
    answer = api.post(SIGNUP, form(code), format="json")
    assert answer.status_code == 400
    assert [error["code"] for error in answer.json()["errors"]] == ["sign_up_stopped"]
    assert not User.objects.exists()


@pytest.mark.django_db
def test_other_switches_let_people_sign_up():
    throw("generation")
    code = create_invite(by=None)[1]
    sign_up(username="ada", email="a@example.org", password=None, invite_code=code, birth_date=None)


# ── read_only ─────────────────────────────────────────────────────────────────────────


@pytest.mark.django_db
@pytest.mark.parametrize(
    "route",
    [
        "PATCH /api/v1/me",
        "POST /api/v1/invites",
        "POST /api/v1/waitlist",
        "POST /api/v1/generations",
        "DELETE /api/v1/generations/preflight/x",
        "PUT /api/v1/users/bob/follow",
        "DELETE /api/v1/users/bob/mute",
        f"POST {AUTH}/auth/signup",
        f"POST {AUTH}/auth/webauthn/signup",
        f"POST {AUTH}/account/password/change",
        f"PUT {AUTH}/account/email",
    ],
)
def test_read_only_refuses_what_changes_something(make_user, client_of, route):
    make_user("bob")
    ada = client_of(make_user("ada"))
    throw("read_only")
    method, path = route.split()
    answer = ada.generic(method, path, "{}", content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (503, "read_only")
    assert answer["Content-Type"] == "application/problem+json"
    assert (answer["Retry-After"], answer.json()["retryable"]) == ("30", True)
    assert not WaitlistEntry.objects.exists()


@pytest.mark.django_db
def test_read_only_lets_people_read_sign_in_and_out_and_ask_about_a_prompt(
    api, make_user, client_of
):
    ada = make_user("ada", password=PASSWORD)
    throw("read_only")
    given = {"username": "ada", "password": PASSWORD}
    meta = api.post(f"{AUTH}/auth/login", given, format="json").json()["meta"]
    api.credentials(HTTP_AUTHORIZATION=f"Bearer {meta['access_token']}")
    assert api.get("/api/v1/me").status_code == 200
    assert api.post("/api/v1/generations/preflight", {}, format="json").status_code == 422
    api.credentials()
    refresh = {"refresh_token": meta["refresh_token"]}
    refreshed = api.post(f"{AUTH}/tokens/refresh", refresh, format="json").json()["data"]
    api.credentials(HTTP_AUTHORIZATION=f"Bearer {refreshed['access_token']}")
    assert api.delete(f"{AUTH}/auth/session").status_code == 401  # allauth's word for signed out
    assert api.get("/api/v1/me").status_code == 401
    assert client_of(ada).get("/api/v1/feed").status_code == 200


@pytest.mark.django_db
def test_read_only_leaves_the_staff_pages_alone(client):
    throw("read_only")
    assert client.post("/admin/login/", {}).status_code == 200  # the form again
    assert client.post("/ops/").status_code in {404, 405, 302, 403}


@pytest.mark.django_db
def test_without_the_switch_no_request_is_slower(api, django_assert_num_queries):
    throw("sign_up")
    assert not is_thrown("read_only")
    with django_assert_num_queries(0):
        assert api.post("/api/v1/waitlist", {}, format="json").status_code == 422


# ── who can see it ────────────────────────────────────────────────────────────────────


@pytest.mark.django_db
@pytest.mark.usefixtures("engines")
def test_the_config_names_thrown_switches_and_its_etag_follows(api):
    before = api.get("/api/v1/config")
    assert before.json()["switches"] == []
    throw("read_only")
    throw("engine:scene")
    after = api.get("/api/v1/config", HTTP_IF_NONE_MATCH=before["ETag"])
    assert after.status_code == 200
    assert after.json()["switches"] == ["engine:scene", "read_only"]
    same = api.get("/api/v1/config", HTTP_IF_NONE_MATCH=after["ETag"])
    assert same.status_code == 304


@pytest.mark.django_db
@pytest.mark.usefixtures("engines")
def test_the_command_lists_throws_and_releases(capsys):
    call_command("switch", "on", "engine:scene", "--reason", "It draws badly.", "--by", "ada")
    assert "engine:scene is thrown" in capsys.readouterr().out
    call_command("switch")
    lines = capsys.readouterr().out.splitlines()
    assert lines[:4] == [
        f"{name}\toff" for name in ("generation", "sign_up", "cameos", "read_only")
    ]
    assert lines[4].startswith("engine:scene\tON\tsince 20")
    assert lines[4].endswith("by ada: It draws badly.")
    call_command("switch", "off", "engine:scene")
    call_command("switch", "off", "engine:scene")
    assert capsys.readouterr().out == (
        "engine:scene is released; it goes on within 5 s.\nengine:scene was not thrown.\n"
    )
    assert trail() == [("engine:scene", False, "operator"), ("engine:scene", True, "ada")]


@pytest.mark.django_db
@pytest.mark.usefixtures("engines")
@pytest.mark.parametrize("arguments", [["on", "x", "--reason", "r"], ["off", "x"]])
def test_the_command_refuses_an_unknown_name_with_those_that_exist(arguments):
    with pytest.raises(CommandError, match="no switch 'x'; there are generation, sign_up"):
        call_command("switch", *arguments)


@pytest.mark.django_db
def test_the_doctor_names_thrown_switches():
    from config.management.commands import doctor  # noqa: PLC0415

    assert list(doctor.switches()) == []
    throw("generation", "A flood of spam.")
    ((state, text),) = doctor.switches()
    assert state == "thrown"
    assert text.startswith("switch generation: A flood of spam. (by ada, 20")
