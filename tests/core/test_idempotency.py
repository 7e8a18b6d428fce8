"""Idempotency-Key: one effect, one answer."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from datetime import timedelta
from threading import Event
from urllib.parse import urlsplit, urlunsplit

import pytest
from django.db import connection
from django.urls import path
from django.utils import timezone
from rest_framework.exceptions import ValidationError
from rest_framework.response import Response

from accounts.models import WaitlistEntry
from core.api import ApiView
from core.idempotency import idempotent
from core.models import IdempotentAnswer
from core.retention import KEPT, forget_old_answers
from tests.racing import race

pytestmark = pytest.mark.urls(__name__)
entered, leave = Event(), Event()


class NotesView(ApiView):
    @idempotent
    def post(self, request, name=""):
        email = request.data["email"]
        entry = WaitlistEntry.objects.create(email=email)
        if request.data.get("wait"):
            entered.set()
            assert leave.wait(timeout=10)
        if request.data.get("fail"):
            raise ValidationError({"email": "no"})
        return Response({"id": entry.pk, "at": entry.created_at}, status=201)


urlpatterns = [path("notes", NotesView.as_view()), path("notes/<str:name>", NotesView.as_view())]


@pytest.fixture
def post(client_of, make_user):
    user = make_user()

    def send(key, by=user, to="/notes", **body):
        headers = {"Idempotency-Key": key} if key is not None else {}
        return client_of(by).post(to, body, format="json", headers=headers)

    return send


def test_the_same_request_has_one_effect_and_one_answer(post):
    first, second = (post("k", email="a@x.org") for _ in "ab")
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()
    assert "Idempotency-Replayed" not in first
    assert second["Idempotency-Replayed"] == "1"
    assert WaitlistEntry.objects.count() == 1


def test_another_body_is_a_mismatch(post):
    post("k", email="a@x.org")
    answer = post("k", email="b@x.org")
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_mismatch")
    assert WaitlistEntry.objects.count() == 1


def test_the_order_of_members_does_not_matter(post):
    first = post("k", email="a@x.org", more=1)
    assert post("k", more=1, email="a@x.org").json() == first.json()


def test_a_key_belongs_to_one_user_and_one_path(post, make_user):
    post("k", email="a@x.org")
    assert post("k", by=make_user(), email="b@x.org").status_code == 201
    assert post("k", to="/notes/" + "n" * 300, email="c@x.org").status_code == 201
    assert post("k", to="/notes/" + "n" * 299, email="d@x.org").status_code == 201


def test_without_a_key_each_request_has_its_effect(post):
    post(None, email="a@x.org")
    post(None, email="b@x.org")
    assert WaitlistEntry.objects.count() == 2
    assert not IdempotentAnswer.objects.exists()


@pytest.mark.parametrize("key", ["", "x" * 201])
def test_a_bad_key_is_named(post, key):
    answer = post(key, email="a@x.org")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "Idempotency-Key"
    assert not WaitlistEntry.objects.exists()


def test_a_failure_is_not_kept_and_leaves_nothing(post):
    assert post("k", email="a@x.org", fail=True).status_code == 422
    assert not WaitlistEntry.objects.exists()
    assert not IdempotentAnswer.objects.exists()
    assert post("k", email="a@x.org").status_code == 201


def test_an_answer_is_kept_for_24_hours(post):
    post("k", email="a@x.org")
    IdempotentAnswer.objects.update(created_at=timezone.now() - KEPT - timedelta(seconds=1))
    assert post("k", email="b@x.org").status_code == 201  # the key is free again
    assert IdempotentAnswer.objects.count() == 1
    assert forget_old_answers() == 0
    IdempotentAnswer.objects.update(created_at=timezone.now() - KEPT - timedelta(seconds=1))
    assert forget_old_answers() == 1


def test_an_answer_is_read_under_a_retired_secret_key(post, settings):
    first = post("k", email="a@x.org")
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "the next secret key, as long as the one before it was"
    assert post("k", email="a@x.org").json() == first.json()


@pytest.mark.django_db(transaction=True)
def test_while_the_first_request_runs_the_second_is_in_flight(client_of, make_user):
    user = make_user()
    clients = [client_of(user) for _ in range(2)]
    entered.clear()
    leave.clear()

    def send(index):
        body = {"email": "a@x.org", "wait": True}
        if index:
            assert entered.wait(timeout=10)
        answer = clients[index].post(
            "/notes", body, format="json", headers={"Idempotency-Key": "k"}
        )
        leave.set()
        return answer

    first, second = race(send, times=2)
    assert first.status_code == 201
    assert (second.status_code, second.json()["code"]) == (409, "idempotency_in_flight")
    assert WaitlistEntry.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_20_parallel_requests_have_one_effect(client_of, make_user):
    user = make_user()
    clients = [client_of(user) for _ in range(20)]

    def send(index):
        return clients[index].post(
            "/notes", {"email": "a@x.org"}, format="json", headers={"Idempotency-Key": "k"}
        )

    answers = race(send, times=20)
    assert set(Counter(answer.status_code for answer in answers)) <= {201, 409}
    bodies = {answer.content for answer in answers if answer.status_code == 201}
    assert len(bodies) == 1
    assert WaitlistEntry.objects.count() == 1


KILLED = """
import django; django.setup()
from rest_framework.test import APIRequestFactory, force_authenticate
from rest_framework.response import Response
from accounts.models import User, WaitlistEntry
from core.api import ApiView
from core.idempotency import idempotent
class Killed(ApiView):
    @idempotent
    def post(self, request):
        WaitlistEntry.objects.create(email="a@x.org")
        print("effect", flush=True)
        input()
headers, body = {"Idempotency-Key": "k"}, {"email": "a@x.org"}
request = APIRequestFactory().post("/notes", body, format="json", headers=headers)
force_authenticate(request, User.objects.get())
Killed.as_view()(request)
"""


@pytest.mark.django_db(transaction=True)
def test_a_process_killed_before_the_answer_leaves_nothing(client_of, make_user):
    user = make_user()
    url = urlsplit(os.environ["DATABASE_URL"])
    database = urlunsplit(url._replace(path=f"/{connection.settings_dict['NAME']}"))
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED],
        env={**os.environ, "DATABASE_URL": database},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout.readline() == "effect\n"
        process.kill()
    assert not WaitlistEntry.objects.exists()
    # PostgreSQL notices the dead client by itself; until then the key counts as in flight.
    client = client_of(user)
    headers = {"Idempotency-Key": "k"}
    for _ in range(200):
        answer = client.post("/notes", {"email": "a@x.org"}, format="json", headers=headers)
        if answer.status_code != 409:
            break
    assert answer.status_code == 201
    assert WaitlistEntry.objects.count() == 1
