"""The event streams over real sockets: who may listen, and that no durable event is lost."""

from __future__ import annotations

import asyncio
import json
import tempfile
from pathlib import Path

import httpx
import pytest

from config.local.valkey import EmbeddedValkey
from notifications import hub as hub_module
from notifications import streams
from notifications.services import publish
from tests.fixtures import tokens_of
from tests.notifications.live import close_code, websocket

pytestmark = pytest.mark.django_db(transaction=True)


def test_sse_sends_passing_and_durable_events(make_user, sse):
    ada, bob = make_user("ada"), make_user("bob")
    client = sse(ada)
    answer = client.open()
    assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert answer.headers["x-accel-buffering"] == "no"
    assert client.next() == {"id": "0", "type": "stream.ready", "data": {}}
    publish(bob.pk, "generation.ready", {"whose": "bob"}, durable=True)
    publish(ada.pk, "generation.progress", {"progress": 40}, durable=False)
    assert client.next() == {"id": None, "type": "generation.progress", "data": {"progress": 40}}
    publish(ada.pk, "generation.ready", {"clip": "c"}, durable=True)
    assert client.next() == {"id": "1", "type": "generation.ready", "data": {"clip": "c"}}


def test_it_says_ready_only_when_passing_events_come_too(make_user, sse, monkeypatch):
    follow = hub_module.Hub._follow

    async def late(self) -> None:
        await asyncio.sleep(0.4)
        await follow(self)

    monkeypatch.setattr(hub_module.Hub, "_follow", late)
    ada = make_user("ada")
    client = sse(ada)
    client.open()
    client.until("stream.ready")
    publish(ada.pk, "generation.progress", {"progress": 40}, durable=False)
    assert client.next()["data"] == {"progress": 40}


def test_a_cut_connection_loses_no_durable_event(make_user, sse):
    ada = make_user("ada")
    client = sse(ada)
    client.open()
    client.until("stream.ready")
    publish(ada.pk, "generation.ready", {"n": 1}, durable=True)
    client.until("generation.ready")
    client.cut()
    publish(ada.pk, "generation.failed", {"n": 2}, durable=True)
    publish(ada.pk, "generation.progress", {}, durable=False)
    publish(ada.pk, "generation.ready", {"n": 3}, durable=True)
    client.open()
    publish(ada.pk, "generation.refused", {"n": 4}, durable=True)
    client.until("generation.refused")
    durable = [(e["id"], e["data"]["n"]) for e in client.events if "n" in e["data"]]
    assert durable == [("1", 1), ("2", 2), ("3", 3), ("4", 4)]


def test_a_cut_before_the_first_event_loses_nothing_either(make_user, sse):
    ada = make_user("ada")
    publish(ada.pk, "generation.ready", {"n": 1}, durable=True)
    client = sse(ada)
    client.open()
    assert client.next()["id"] == "1"  # now; the past is in the inbox
    client.cut()
    publish(ada.pk, "generation.ready", {"n": 2}, durable=True)
    client.open()
    client.until("stream.ready")
    assert client.next() == {"id": "2", "type": "generation.ready", "data": {"n": 2}}


def test_more_than_one_batch_is_resumed_whole(make_user, sse, monkeypatch):
    monkeypatch.setattr("notifications.selectors.BATCH", 3)
    ada = make_user("ada")
    for n in range(8):
        publish(ada.pk, "generation.ready", {"n": n}, durable=True)
    client = sse(ada)
    client.last_event_id = "0"
    client.open()
    client.until("stream.ready")
    assert [client.next()["data"]["n"] for _ in range(8)] == list(range(8))


def test_without_valkey_a_durable_event_arrives_by_the_slow_look(
    make_user, sse, monkeypatch, settings
):
    settings.REDIS_URL = "unix:///nothing-listens-here"
    monkeypatch.setattr(streams, "HEARTBEAT_SECONDS", 0.2)
    ada = make_user("ada")
    client = sse(ada)
    client.open()
    client.until("stream.ready")
    publish(ada.pk, "generation.ready", {"n": 1}, durable=True)
    assert client.next() == {"id": "1", "type": "generation.ready", "data": {"n": 1}}


def test_streams_are_awake_again_after_a_restart_of_valkey(make_user, sse, settings, tmp_path):
    """What was published meanwhile arrives with the new subscription, long before a slow look."""
    own = EmbeddedValkey(
        data=tmp_path / "data", socket_dir=Path(tempfile.mkdtemp()), log=tmp_path / "log"
    )
    settings.REDIS_URL = own.url
    own.start()
    try:
        ada = make_user("ada")
        client = sse(ada)
        client.open()
        client.until("stream.ready")
        publish(ada.pk, "generation.ready", {"n": 1}, durable=True)
        client.until("generation.ready")
        own.stop()
        publish(ada.pk, "generation.ready", {"n": 2}, durable=True)
        own.start()
        assert client.next()["data"] == {"n": 2}
        publish(ada.pk, "generation.progress", {"n": 3}, durable=False)
        assert client.next()["data"] == {"n": 3}
    finally:
        own.stop()


def test_the_stream_is_closed_to_strangers(address, db):
    url = f"http://{address}/api/v1/events"
    for headers in ({}, {"Authorization": "Bearer forged"}, {"Authorization": "Basic x"}):
        answer = httpx.get(url, headers=headers)
        assert answer.status_code == 401
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["www-authenticate"] == "Bearer"
        assert answer.json()["code"] == "not_authenticated"
    assert httpx.post(url).status_code == 405


@pytest.mark.parametrize("after", ["x", "-1", "1.5", "9" * 30])
def test_a_resume_point_that_is_no_number_is_a_problem(make_user, address, after):
    token = tokens_of(make_user("ada"))["access_token"]
    headers = {"Authorization": f"Bearer {token}", "Last-Event-ID": after}
    answer = httpx.get(f"http://{address}/api/v1/events", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_resume_point")


def test_a_resume_point_of_the_future_means_now(make_user, sse):
    ada = make_user("ada")
    client = sse(ada)
    client.last_event_id = "1000"
    client.open()
    assert client.next()["id"] == "0"
    publish(ada.pk, "generation.ready", {"n": 1}, durable=True)
    assert client.next()["data"] == {"n": 1}


def test_a_stream_ends_with_its_access_token(make_user, sse, settings):
    settings.HEADLESS_JWT_ACCESS_TOKEN_EXPIRES_IN = 2
    client = sse(make_user("ada"))
    client.open()
    client.until("stream.ready")
    with pytest.raises(StopIteration):
        client.next()


def test_a_user_may_hold_a_few_streams(make_user, sse, monkeypatch):
    monkeypatch.setattr(hub_module, "STREAMS_PER_USER", 2)
    ada = make_user("ada")
    clients = [sse(ada) for _ in range(3)]
    for client in clients[:2]:
        client.open()
        client.until("stream.ready")
    refused = clients[2].open()
    assert (refused.status_code, json.loads(refused.read())["code"]) == (429, "too_many_streams")
    other = sse(make_user("bob"))
    assert other.open().status_code == 200


def test_websocket_streams_and_resumes(make_user, address):
    ada = make_user("ada")
    headers = {"Authorization": f"Bearer {tokens_of(ada)['access_token']}"}
    with websocket(address, additional_headers=headers) as socket:
        assert json.loads(socket.recv(timeout=10))["type"] == "stream.ready"
        publish(ada.pk, "generation.ready", {"n": 1}, durable=True)
        first = json.loads(socket.recv(timeout=10))
        assert (first["id"], first["type"], first["data"]) == ("1", "generation.ready", {"n": 1})
        assert first["created_at"].endswith("Z")
    publish(ada.pk, "generation.ready", {"n": 2}, durable=True)
    with websocket(address, query="?after=1", additional_headers=headers) as socket:
        assert json.loads(socket.recv(timeout=10))["type"] == "stream.ready"
        assert json.loads(socket.recv(timeout=10))["data"] == {"n": 2}


def test_browsers_send_the_token_as_a_subprotocol(make_user, address):
    token = tokens_of(make_user("ada"))["access_token"]
    with websocket(address, subprotocols=["vignette.v1", f"bearer.{token}"]) as socket:
        assert socket.subprotocol == "vignette.v1"
        assert json.loads(socket.recv(timeout=10))["type"] == "stream.ready"


def test_websocket_refusals_carry_a_code(make_user, address):
    with websocket(address) as socket:
        assert close_code(socket) == 4401
    headers = {"Authorization": f"Bearer {tokens_of(make_user('ada'))['access_token']}"}
    with websocket(address, query="?after=x", additional_headers=headers) as socket:
        assert close_code(socket) == 4400
