"""Durable events are rows in commit order; nothing else can hold up or undo a commit."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from notifications.models import Event, EventCounter
from notifications.selectors import events_after, last_sequence
from notifications.services import forget_old_events, publish


def test_durable_events_are_numbered_per_user(make_user):
    ada, bob = make_user("ada"), make_user("bob")
    for user in (ada, bob, ada):
        publish(user.pk, "generation.ready", {"generation": "x"}, durable=True)
    assert [e["id"] for e in events_after(ada.pk, 0)] == ["1", "2"]
    assert [e["id"] for e in events_after(bob.pk, 0)] == ["1"]
    assert [e["id"] for e in events_after(ada.pk, 1)] == ["2"]
    assert last_sequence(ada.pk) == 2


def test_a_rolled_back_event_leaves_no_gap(make_user):
    ada = make_user("ada")
    with transaction.atomic():
        publish(ada.pk, "generation.ready", {}, durable=True)
        transaction.set_rollback(True)
    publish(ada.pk, "generation.failed", {}, durable=True)
    assert [(e["id"], e["type"]) for e in events_after(ada.pk, 0)] == [("1", "generation.failed")]


def test_a_passing_event_stores_nothing(make_user):
    ada = make_user("ada")
    publish(ada.pk, "generation.progress", {"progress": 5}, durable=False)
    assert not Event.objects.exists()
    assert not EventCounter.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_number_is_never_visible_before_a_smaller_one(make_user):
    """The second writer waits for the first one's commit, so a reader at 2 has seen 1."""
    ada = make_user("ada")
    first_has_number, first_may_commit = threading.Event(), threading.Event()
    second_done = threading.Event()

    def first() -> None:
        with transaction.atomic():
            publish(ada.pk, "first", {}, durable=True)
            first_has_number.set()
            assert first_may_commit.wait(10)
        connection.close()

    def second() -> None:
        publish(ada.pk, "second", {}, durable=True)
        second_done.set()
        connection.close()

    threads = [threading.Thread(target=first), threading.Thread(target=second)]
    threads[0].start()
    assert first_has_number.wait(10)
    threads[1].start()
    assert not second_done.wait(0.3)
    assert events_after(ada.pk, 0) == []
    first_may_commit.set()
    for thread in threads:
        thread.join(10)
    assert [(e["id"], e["type"]) for e in events_after(ada.pk, 0)] == [
        ("1", "first"),
        ("2", "second"),
    ]


@pytest.mark.django_db(transaction=True)
def test_without_valkey_the_commit_stands_and_the_event_is_kept(make_user, settings, caplog):
    settings.REDIS_URL = "unix:///nothing-listens-here"
    ada = make_user("ada")
    publish(ada.pk, "generation.ready", {}, durable=True)
    assert [e["type"] for e in events_after(ada.pk, 0)] == ["generation.ready"]
    assert "Valkey does not answer" in caplog.text


def test_events_are_forgotten_after_thirty_days_but_their_numbers_are_not_used_again(make_user):
    ada = make_user("ada")
    publish(ada.pk, "old", {}, durable=True)
    Event.objects.update(created_at=timezone.now() - timedelta(days=31))
    assert forget_old_events() == 1
    publish(ada.pk, "new", {}, durable=True)
    assert [(e["id"], e["type"]) for e in events_after(ada.pk, 0)] == [("2", "new")]
    assert forget_old_events() == 0


def test_the_inbox_lists_my_events_newest_first(make_user, client_of):
    ada, bob = make_user("ada"), make_user("bob")
    for number in range(3):
        publish(ada.pk, "generation.ready", {"n": number}, durable=True)
    publish(bob.pk, "generation.ready", {"n": 9}, durable=True)
    client = client_of(ada)
    page = client.get("/api/v1/me/notifications?limit=2").json()
    assert [(item["id"], item["data"]) for item in page["items"]] == [
        ("3", {"n": 2}),
        ("2", {"n": 1}),
    ]
    rest = client.get(f"/api/v1/me/notifications?limit=2&cursor={page['next']}").json()
    assert [item["id"] for item in rest["items"]] == ["1"]
    assert rest["next"] is None


def test_the_inbox_is_closed_to_strangers(api):
    answer = api.get("/api/v1/me/notifications")
    assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated")
