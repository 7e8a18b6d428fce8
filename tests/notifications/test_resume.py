"""A client whose connection is cut again and again sees every durable event once, and in order.

The events come from parallel transactions, while the client is there and while it is not.
"""

from __future__ import annotations

import json
import threading

import pytest
from django.db import connection, transaction

from notifications.models import Event
from notifications.services import publish
from tests.fixtures import tokens_of
from tests.notifications.live import websocket

pytestmark = pytest.mark.django_db(transaction=True)
CUTS = 10
WRITERS = 4
EVENTS = 2 * WRITERS * CUTS


class Jobs:
    """Parallel jobs of one user: each writes its ends, when it is let, from its own connection."""

    def __init__(self, user):
        self._user = user
        self._may_end = threading.Semaphore(0)
        self._threads = [threading.Thread(target=self._run, args=(n,)) for n in range(WRITERS)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._may_end.release(EVENTS)  # nobody waits for ever when the test fails
        for thread in self._threads:
            thread.join(20)

    def end_some(self):
        """Let as many transactions run at once as there are writers."""
        self._may_end.release(WRITERS)

    def _run(self, writer):
        for n in range(EVENTS // WRITERS):
            self._may_end.acquire()
            publish(self._user.pk, "generation.progress", {"of": [writer, n]}, durable=False)
            with transaction.atomic():
                publish(self._user.pk, "generation.ready", {"of": [writer, n]}, durable=True)
                publish(self._user.pk, "generation.failed", {"of": [writer, n]}, durable=True)
                # Some of what was numbered never happened.
                transaction.set_rollback((writer + n) % 3 == 0)
        connection.close()


def assert_each_once(seen):
    """Compare what a client saw with the table: the same events, once, in commit order."""
    table = Event.objects.order_by("sequence").values_list("sequence", "type", "data")
    assert [(int(e["id"]), e["type"], e["data"]) for e in seen] == list(table)
    assert [int(event["id"]) for event in seen] == list(range(1, len(seen) + 1))
    assert len(seen) > EVENTS


def durable(events):
    return [e for e in events if e["type"] in {"generation.ready", "generation.failed"}]


def test_sse_resumed_by_last_event_id_shows_each_durable_event_once(make_user, sse):
    ada = make_user("ada")
    client = sse(ada)
    with Jobs(ada) as jobs:
        for _ in range(CUTS):
            client.open()
            client.until("stream.ready")
            jobs.end_some()
            client.next()
            client.cut()  # some of what was sent is never read
            jobs.end_some()
    last = Event.objects.latest("sequence").sequence
    client.open()
    while client.last_event_id != str(last):
        client.next()
    assert_each_once(durable(client.events))


def test_websocket_resumed_by_after_shows_each_durable_event_once(make_user, address):
    ada = make_user("ada")
    headers = {"Authorization": f"Bearer {tokens_of(ada)['access_token']}"}
    events, last_id = [], "0"

    def read(socket):
        nonlocal last_id
        events.append(json.loads(socket.recv(timeout=10)))
        last_id = events[-1]["id"] or last_id

    with Jobs(ada) as jobs:
        for _ in range(CUTS):
            with websocket(address, query=f"?after={last_id}", additional_headers=headers) as one:
                read(one)  # stream.ready
                jobs.end_some()
                read(one)
                one.socket.close()
            jobs.end_some()
    last = Event.objects.latest("sequence").sequence
    with websocket(address, query=f"?after={last_id}", additional_headers=headers) as one:
        while last_id != str(last):
            read(one)
    assert_each_once(durable(events))
