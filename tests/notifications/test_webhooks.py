"""Webhooks as their owner sees them, and the outbox that events are written to."""

from __future__ import annotations

from base64 import b64decode
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from notifications.models import Delivery, Event, Webhook
from notifications.policy import GENERATION_EVENTS, JITTER, WAITS, wait_after
from notifications.services import (
    create_webhook,
    delete_webhook,
    forget_old_events,
    publish,
    send_test,
)
from tests.racing import race

URL = "https://hooks.example.org/vignette?team=7"
PATH = "/api/v1/webhooks"


@pytest.fixture
def ada(make_user):
    return make_user("ada")


@pytest.fixture
def client(ada, client_of):
    return client_of(ada)


def told(webhook):
    return list(webhook.deliveries.order_by("created_at").values_list("type", "data"))


def test_a_webhook_is_made_and_its_secret_told_once(client, ada):
    answer = client.post(PATH, {"url": URL}, format="json")
    assert answer.status_code == 201
    made = answer.json()
    assert made["secret"].startswith("whsec_")
    assert len(b64decode(made.pop("secret").removeprefix("whsec_"))) == 32
    assert (made["url"], made["enabled"], made["disabled_because"]) == (URL, True, None)
    assert made["events"] == sorted(GENERATION_EVENTS)
    assert client.get(f"{PATH}/{made['id']}").json() == made
    assert client.get(PATH).json() == {"items": [made]}
    # Who reads the database cannot sign.
    assert b"whsec_" not in bytes(Webhook.objects.get().secret)


def test_the_same_key_makes_one_webhook_and_tells_the_same_secret(client):
    answers = [
        client.post(PATH, {"url": URL}, format="json", HTTP_IDEMPOTENCY_KEY="k").json()
        for _ in range(2)
    ]
    assert answers[0] == answers[1]
    assert Webhook.objects.count() == 1


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "url"),
        ({"url": "ftp://a.example.org"}, "url"),
        ({"url": "javascript:alert(1)"}, "url"),
        ({"url": "https://"}, "url"),
        ({"url": "https://[::1"}, "url"),
        ({"url": "https://ada:secret@a.example.org/"}, "url"),
        ({"url": "https://a.example.org/#x"}, "url"),
        ({"url": "https://127.0.0.1/"}, "url"),
        ({"url": "https://[::ffff:10.0.0.1]/"}, "url"),
        ({"url": "https://a.example.org/" + "x" * 500}, "url"),
        ({"url": "https://a.example.org/\x00"}, "url"),
        ({"url": URL, "events": []}, "events"),
        ({"url": URL, "events": ["generation.progress"]}, "events.0"),
    ],
)
def test_what_cannot_be_a_webhook_is_refused(client, body, field):
    answer = client.post(PATH, body, format="json")
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [field]
    assert not Webhook.objects.exists()


def test_in_production_only_https(client, settings):
    settings.PRODUCTION = True
    url = "http://a.example.org"
    answer = client.post(PATH, {"url": url}, format="json", secure=True)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "url")
    settings.PRODUCTION = False
    assert client.post(PATH, {"url": url}, format="json").status_code == 201


@pytest.mark.django_db(transaction=True)
def test_five_webhooks_a_user_even_at_once(make_user):
    ada = make_user("ada")

    def make(_):
        try:
            create_webhook(by=ada.pk, url=URL)
        except Exception as error:  # noqa: BLE001 - the error is what the test looks at
            return error.code
        return "made"

    results = race(make, times=9)
    assert sorted(results) == ["made"] * 5 + ["too_many_webhooks"] * 4


def test_a_webhook_is_changed_in_parts(client, ada):
    webhook = create_webhook(by=ada.pk, url=URL)[0]
    path = f"{PATH}/{webhook.pk}"
    assert client.patch(path, {"enabled": False}, format="json").json()["enabled"] is False
    changed = client.patch(
        path, {"events": ["generation.failed", "generation.failed"]}, format="json"
    ).json()
    assert (changed["enabled"], changed["events"]) == (False, ["generation.failed"])
    assert client.patch(path, {"url": "gopher://x"}, format="json").status_code == 422
    changed = client.patch(path, {"url": "https://b.example.org/", "enabled": True}, format="json")
    assert changed.json() == client.get(path).json()
    assert (changed.json()["url"], changed.json()["enabled"]) == ("https://b.example.org/", True)
    assert client.patch(path, {}, format="json").status_code == 200


def test_enabling_forgets_why_it_was_disabled(client, ada):
    webhook = create_webhook(by=ada.pk, url=URL)[0]
    Webhook.objects.update(
        is_enabled=False, disabled_because="failing", failing_since=timezone.now()
    )
    path = f"{PATH}/{webhook.pk}"
    assert client.get(path).json()["disabled_because"] == "failing"
    changed = client.patch(path, {"enabled": True}, format="json").json()
    assert (changed["disabled_because"], changed["failing_since"]) == (None, None)


def test_an_event_goes_to_each_enabled_webhook_that_asked_for_it(ada, client, make_user):
    all_of_them, failures, disabled = (
        create_webhook(by=ada.pk, url=URL, **given)[0]
        for given in ({}, {"events": ["generation.failed"]}, {})
    )
    others = create_webhook(by=make_user("bob").pk, url=URL)[0]
    client.patch(f"{PATH}/{disabled.pk}", {"enabled": False}, format="json")
    publish(ada.pk, "generation.ready", {"clip": "c"}, durable=True)
    publish(ada.pk, "generation.failed", {"n": 2}, durable=True)
    publish(ada.pk, "generation.progress", {"progress": 4}, durable=False)
    assert told(all_of_them) == [
        ("generation.ready", {"clip": "c"}),
        ("generation.failed", {"n": 2}),
    ]
    assert told(failures) == [("generation.failed", {"n": 2})]
    assert told(disabled) == told(others) == []
    event, delivery = (
        Event.objects.earliest("sequence"),
        all_of_them.deliveries.earliest("created_at"),
    )
    assert delivery.created_at == event.created_at


def test_an_event_that_is_rolled_back_is_told_nobody(ada):
    webhook = create_webhook(by=ada.pk, url=URL)[0]
    with transaction.atomic():
        publish(ada.pk, "generation.ready", {}, durable=True)
        transaction.set_rollback(True)
    assert told(webhook) == []


def test_webhooks_cost_an_event_one_statement(ada):
    def statements():
        with CaptureQueriesContext(connection) as captured:
            publish(ada.pk, "generation.ready", {}, durable=True)
        return len([q for q in captured if "SAVEPOINT" not in q["sql"]])

    assert statements() == 3  # the number, the event, the deliveries
    for _ in range(5):
        create_webhook(by=ada.pk, url=URL)
    assert statements() == 3
    assert Delivery.objects.count() == 5


@pytest.mark.django_db(transaction=True)
def test_a_webhook_that_is_deleted_meanwhile_undoes_no_event(make_user):
    """The deletion waits for the events on their way, and those that come later find nothing."""
    ada = make_user("ada")
    webhooks = [create_webhook(by=ada.pk, url=URL)[0] for _ in range(4)]

    def act(index):
        if index % 2:
            delete_webhook(webhook_id=webhooks[index // 2].pk, by=ada.pk)
        else:
            publish(ada.pk, "generation.ready", {"n": index}, durable=True)

    race(act, times=8)
    assert Event.objects.count() == 4
    assert (Webhook.objects.count(), Delivery.objects.count()) == (0, 0)


def test_disabling_drops_what_is_on_its_way(ada, client):
    webhook = create_webhook(by=ada.pk, url=URL)[0]
    publish(ada.pk, "generation.ready", {}, durable=True)
    client.patch(f"{PATH}/{webhook.pk}", {"enabled": False}, format="json")
    client.patch(f"{PATH}/{webhook.pk}", {"enabled": True}, format="json")
    delivery = client.get(f"{PATH}/{webhook.pk}/deliveries").json()["items"][0]
    assert (delivery["state"], delivery["error"], delivery["next_try_at"]) == (
        "failed",
        "the webhook was disabled",
        None,
    )


def test_a_test_is_put_on_its_way_and_listed(ada, client):
    webhook = create_webhook(by=ada.pk, url=URL, events=["generation.failed"])[0]
    answer = client.post(f"{PATH}/{webhook.pk}/test")
    assert answer.status_code == 202
    assert answer.json()["id"].startswith("msg_")
    assert (answer.json()["type"], answer.json()["state"]) == ("webhook.test", "pending")
    assert client.get(f"{PATH}/{webhook.pk}/deliveries").json() == {
        "items": [answer.json()],
        "next": None,
    }
    client.patch(f"{PATH}/{webhook.pk}", {"enabled": False}, format="json")
    refused = client.post(f"{PATH}/{webhook.pk}/test")
    assert (refused.status_code, refused.json()["code"]) == (409, "webhook_disabled")


def test_tests_have_a_rate_of_their_own(ada, client):
    webhook = create_webhook(by=ada.pk, url=URL)[0]
    statuses = [client.post(f"{PATH}/{webhook.pk}/test").status_code for _ in range(11)]
    assert statuses == [202] * 10 + [429]


def test_deliveries_are_paged_newest_first(ada, client):
    webhook = create_webhook(by=ada.pk, url=URL)[0]
    for n in range(3):
        publish(ada.pk, "generation.ready", {"n": n}, durable=True)
    path = f"{PATH}/{webhook.pk}/deliveries"
    page = client.get(f"{path}?limit=2").json()
    rest = client.get(f"{path}?limit=2&cursor={page['next']}").json()
    ids = [
        f"msg_{pk.hex}"
        for pk in Delivery.objects.order_by("-created_at").values_list("pk", flat=True)
    ]
    assert [each["id"] for each in page["items"] + rest["items"]] == ids
    assert rest["next"] is None


def test_what_is_anothers_is_not_there(ada, make_user, client_of):
    webhook = create_webhook(by=ada.pk, url=URL)[0]
    bob = client_of(make_user("bob"))
    path = f"{PATH}/{webhook.pk}"
    answers = [
        bob.get(path),
        bob.patch(path, {"enabled": False}, format="json"),
        bob.delete(path),
        bob.post(f"{path}/test"),
        bob.post(f"{path}/secret"),
        bob.get(f"{path}/deliveries"),
    ]
    assert [answer.status_code for answer in answers] == [404] * 6
    assert Webhook.objects.get().is_enabled
    assert bob.get(PATH).json() == {"items": []}


def test_deliveries_are_forgotten_after_thirty_days(ada):
    webhook = create_webhook(by=ada.pk, url=URL)[0]
    old, young = (send_test(webhook_id=webhook.pk, by=ada.pk) for _ in range(2))
    Delivery.objects.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(days=31))
    forget_old_events()
    assert Delivery.objects.get() == young


def test_waits_grow_and_end_within_a_day():
    for tries, wait in enumerate(WAITS, start=1):
        waits = {wait_after(tries) for _ in range(20)}
        assert len(waits) > 1  # by chance, so that not all come back together
        assert all(wait * (1 - JITTER) <= each <= wait * (1 + JITTER) for each in waits)
    assert wait_after(len(WAITS) + 1) is None
    assert timedelta(hours=19) < sum(WAITS, timedelta()) < timedelta(hours=24)
