"""Deliveries to a real receiver: signed, repeated until they are taken, never lost, given up."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import openai
import pytest
from celery import current_app
from django.db import connection, transaction
from django.db.models.functions import Now
from django.utils import timezone

from config.celery import app
from notifications.models import Delivery, Event, Webhook
from notifications.policy import WAITS
from notifications.sending import Outcome
from notifications.services import (
    create_webhook,
    deliver_due,
    deliveries,
    publish,
    rotate_secret,
    send_test,
)
from notifications.services.deliveries import claim, record, send_due
from tests.fakes.receiver import receiving
from tests.instances import ROOT, wait_until
from tests.racing import race

pytestmark = pytest.mark.django_db
real_commits = pytest.mark.django_db(transaction=True)  # for what others see, or what follows them


@pytest.fixture
def receiver(settings):
    settings.WEBHOOKS_TO_PRIVATE_ADDRESSES = True
    with receiving() as made:
        yield made


@pytest.fixture
def ada(make_user):
    return make_user("ada")


@pytest.fixture
def calls(monkeypatch):
    """What workers are called for."""
    names = []
    monkeypatch.setattr(current_app, "send_task", lambda name, **options: names.append(name))
    return names


def hook(ada, receiver, **given):
    return create_webhook(by=ada.pk, url=receiver.url, **given)


def ready(ada, **data):
    publish(ada.pk, "generation.ready", data, durable=True)


def due_again():
    """Let what waits for its next try be due now."""
    Delivery.objects.filter(state="pending").update(next_try_at=Now(), leased_until=None)


def is_signed_by(received, secret):
    with openai.OpenAI(api_key="any") as client:
        try:
            client.webhooks.verify_signature(received.body, received.headers, secret=secret)
        except openai.InvalidWebhookSignatureError:
            return False
        return True


def test_an_event_is_delivered_signed_as_standard_webhooks_has_it(ada, receiver):
    secret = hook(ada, receiver)[1]
    ready(ada, clip="c", error=None)
    deliver_due()
    (received,) = receiver.received
    assert is_signed_by(received, secret)
    assert not is_signed_by(received, "whsec_" + "A" * 44)
    event, delivery = Event.objects.get(), Delivery.objects.get()
    at = event.created_at.isoformat().replace("+00:00", "Z")
    assert json.loads(received.body) == {
        "type": "generation.ready",
        "timestamp": at,
        "data": {"clip": "c", "error": None},
    }
    assert received.headers["webhook-id"] == f"msg_{delivery.pk.hex}"
    assert received.headers["content-type"] == "application/json"
    assert (delivery.state, delivery.http_status, delivery.tries) == ("delivered", 204, 1)
    assert (delivery.error, delivery.next_try_at, delivery.leased_until) == ("", None, None)
    deliver_due()
    assert len(receiver.received) == 1


@real_commits
def test_a_worker_is_called_on_commit_when_there_is_something_to_send(ada, receiver, calls):
    ready(ada)
    assert calls == []
    webhook = hook(ada, receiver)[0]
    with transaction.atomic():
        ready(ada)
        assert calls == []
    send_test(webhook_id=webhook.pk, by=ada.pk)
    assert calls == ["notifications.deliver"] * 2


def test_the_beat_calls_too_and_the_task_is_known():
    assert {"task": "notifications.deliver", "schedule": 10.0, "options": {"expires": 10}} in (
        app.conf.beat_schedule.values()
    )
    app.loader.import_default_modules()
    assert "notifications.deliver" in app.tasks


def test_a_failed_try_is_repeated_under_the_same_id_after_growing_waits(ada, receiver):
    hook(ada, receiver)
    ready(ada, n=1)
    receiver.answers = [500, "drop", 404, "redirect"]
    for tries in range(1, 5):
        deliver_due()
        delivery = Delivery.objects.get()
        assert (delivery.state, delivery.tries) == ("pending", tries)
        wait = delivery.next_try_at - delivery.tried_at
        assert 0.75 * WAITS[tries - 1] < wait < 1.3 * WAITS[tries - 1] + timedelta(seconds=2)
        assert Webhook.objects.get().failing_since is not None
        due_again()
    deliver_due()
    assert Delivery.objects.get().state == "delivered"
    assert Webhook.objects.get().failing_since is None
    assert len(receiver.received) == 5
    assert len({(each.headers["webhook-id"], each.body) for each in receiver.received}) == 1


def test_the_owner_sees_how_a_delivery_fares(ada, receiver, client_of):
    webhook = hook(ada, receiver)[0]
    ready(ada)
    receiver.answers = [503]
    deliver_due()
    (item,) = client_of(ada).get(f"/api/v1/webhooks/{webhook.pk}/deliveries").json()["items"]
    assert (item["type"], item["state"], item["tries"]) == ("generation.ready", "pending", 1)
    assert (item["http_status"], item["error"]) == (503, "")
    assert item["tried_at"] < item["next_try_at"]


def test_a_delivery_is_given_up_after_its_last_try(ada, receiver):
    hook(ada, receiver)
    ready(ada)
    receiver.answers = [500] * 20
    for _ in range(len(WAITS) + 3):
        deliver_due()
        due_again()
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.tries, delivery.http_status) == ("failed", 8, 500)
    assert len(receiver.received) == len(WAITS) + 1
    assert Webhook.objects.get().is_enabled


def test_gone_disables_the_webhook_at_once_and_its_owner_is_told(ada, receiver):
    webhook = hook(ada, receiver)[0]
    other = create_webhook(by=ada.pk, url=receiver.url, events=["webhook.disabled"])[0]
    ready(ada, n=1)
    ready(ada, n=2)
    receiver.answers = [410]
    send_due()
    webhook.refresh_from_db()
    assert (webhook.is_enabled, webhook.disabled_because) == (False, "gone")
    assert set(webhook.deliveries.values_list("state", flat=True)) == {"failed"}
    told = Event.objects.filter(type="webhook.disabled").get()
    assert told.data == {"webhook": str(webhook.pk), "url": webhook.url, "reason": "gone"}
    assert [json.loads(each.body)["type"] for each in receiver.received] == [
        "generation.ready",
        "webhook.disabled",
    ]
    assert other.deliveries.get().state == "delivered"


@pytest.mark.parametrize(("days", "is_disabled"), [(5.1, True), (4.9, False)])
def test_a_webhook_that_fails_for_five_days_is_disabled(ada, receiver, days, is_disabled):
    hook(ada, receiver)
    failing_since = timezone.now() - timedelta(days=days)
    Webhook.objects.update(failing_since=failing_since)
    ready(ada)
    receiver.answers = [500, 500]
    deliver_due()  # the first failure of a delivery disables nothing, however long ago the last was
    assert Webhook.objects.get().is_enabled
    Delivery.objects.update(tries=len(WAITS))
    due_again()
    deliver_due()
    webhook = Webhook.objects.get()
    assert webhook.failing_since == failing_since
    assert webhook.is_enabled is not is_disabled
    told = [event.data["reason"] for event in Event.objects.filter(type="webhook.disabled")]
    assert told == (["failing"] if is_disabled else [])


def test_after_a_rotation_both_secrets_sign_for_a_day(ada, receiver, client_of):
    webhook, old = hook(ada, receiver)
    rotated = client_of(ada).post(f"/api/v1/webhooks/{webhook.pk}/secret").json()
    new = rotated["secret"]
    assert new != old
    ready(ada)
    deliver_due()
    (received,) = receiver.received
    assert received.headers["webhook-signature"].count("v1,") == 2
    assert is_signed_by(received, new)
    assert is_signed_by(received, old)
    Webhook.objects.update(old_secret_until=timezone.now() - timedelta(seconds=1))
    ready(ada)
    deliver_due()
    assert is_signed_by(receiver.received[1], new)
    assert not is_signed_by(receiver.received[1], old)


def test_secrets_outlive_a_new_secret_key_while_the_old_one_is_named(ada, receiver, settings):
    secret = hook(ada, receiver)[1]
    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], "another" * 10
    ready(ada)
    deliver_due()
    assert is_signed_by(receiver.received[0], secret)
    settings.SECRET_KEY_FALLBACKS = []
    ready(ada)
    deliver_due()
    assert len(receiver.received) == 1
    assert Delivery.objects.get(state="pending").error == "the secret is lost: make a new one"
    assert rotate_secret(webhook_id=Webhook.objects.get().pk, by=ada.pk)[1].startswith("whsec_")


@real_commits
def test_a_slow_receiver_holds_up_itself_alone(ada, receiver):
    """While one is waited for, the others get what is due, what came meanwhile too."""
    with receiving() as slow:
        slow.answers = ["hang"]
        create_webhook(by=ada.pk, url=slow.url)
        hook(ada, receiver)
        ready(ada, n=1)
        sender = threading.Thread(target=lambda: (deliver_due(), connection.close()))
        sender.start()
        wait_until(lambda: slow.received and receiver.received, "the first event")
        ready(ada, n=2)
        deliver_due()  # finds the other call at work, and returns
        wait_until(lambda: len(receiver.received) == 2, "the second event")
        assert len(slow.received) == 1
        slow.may_answer.set()
        sender.join(10)
        assert len(slow.received) == 2
    assert set(Delivery.objects.values_list("state", flat=True)) == {"delivered"}


@real_commits
def test_several_senders_at_once_send_each_delivery_once(ada, receiver):
    for _ in range(4):
        hook(ada, receiver)
    for n in range(6):
        ready(ada, n=n)
    race(lambda _: send_due(), times=5)
    ids = [each.headers["webhook-id"] for each in receiver.received]
    assert len(ids) == len(set(ids)) == 24
    assert set(Delivery.objects.values_list("state", "tries")) == {("delivered", 1)}


def test_a_lease_keeps_others_away_and_runs_out(ada, receiver):
    hook(ada, receiver)
    ready(ada)
    (first,) = claim(at_most=9)
    assert claim(at_most=9) == []
    Delivery.objects.update(leased_until=timezone.now() - timedelta(seconds=1))
    (second,) = claim(at_most=9)
    assert (first.pk, first.tries, second.tries) == (second.pk, 1, 2)
    record(first, Outcome(500))  # too late: it is another's now
    assert Delivery.objects.get().http_status is None
    record(second, Outcome(200))
    record(first, Outcome(500))
    assert Delivery.objects.get().state == "delivered"
    assert Webhook.objects.get().failing_since is None


@real_commits
def test_a_sender_that_is_killed_before_it_wrote_it_down_sends_again(ada, receiver):
    hook(ada, receiver)
    ready(ada)
    database = urlsplit(os.environ["DATABASE_URL"])
    environment = os.environ | {
        "DATABASE_URL": database._replace(path=f"/{connection.settings_dict['NAME']}").geturl(),
        "WEBHOOKS_TO_PRIVATE_ADDRESSES": "1",
        "PYTHONPATH": str(ROOT),
    }
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("dying_sender.py"))],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    deliver_due()
    assert len(receiver.received) == 1  # the dead one's lease still holds
    Delivery.objects.update(leased_until=timezone.now() - timedelta(seconds=1))
    deliver_due()
    first, second = receiver.received
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.body == second.body
    assert Delivery.objects.get().state == "delivered"


def test_a_call_ends_though_more_becomes_due(ada, receiver, monkeypatch):
    monkeypatch.setattr(deliveries, "TURN_SECONDS", 0.0)
    hook(ada, receiver)
    ready(ada)
    started_at = time.monotonic()
    send_due()
    assert time.monotonic() - started_at < 2
    assert receiver.received == []


def test_what_is_due_is_found_by_its_index(db):
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        plan = deliveries._due().order_by("next_try_at").explain()
    assert "delivery_due" in plan
