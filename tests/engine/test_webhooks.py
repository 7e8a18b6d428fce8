"""Webhooks, checked by OpenAI's client and a receiver that fails, hangs, floods and redirects."""

import os
import subprocess
import sys
import time
from base64 import b64decode, b64encode
from dataclasses import replace

import httpx
import openai
import pytest

from engine.client import EngineClient
from engine.contracts import VideoRequest
from engine.errors import WebhookMisconfigured
from engine.queue import Record
from engine.standard_webhooks import sign
from engine.webhooks import Endpoint, Pace, Webhooks, read_endpoint
from tests.engine.conftest import ROOT
from tests.engine.examples import GatedEngine, GreyEngine
from tests.engine.grey import SPOKEN, finished, key, until
from tests.fakes.engine import served
from tests.fakes.receiver import receiving

SECRET = "whsec_" + b64encode(bytes(range(32))).decode()
QUICK = Pace(try_seconds=0.5, first_wait_seconds=0.02, longest_wait_seconds=0.05, max_tries=5)
DONE = Record(
    id="video_1",
    request=VideoRequest("a", 1),
    seconds=1,
    fingerprint=b"",
    remixed_from=None,
    created_at=1,
    status="completed",
    completed_at=1_700_000_000,
)


@pytest.fixture
def receiver():
    with receiving() as made:
        yield made


@pytest.fixture
def kept() -> set[str]:
    return {"video_1", "video_2"}


@pytest.fixture
def webhooks(receiver, kept):
    made = Webhooks(read_endpoint(receiver.url, SECRET), kept.__contains__, QUICK)
    made.start()
    yield made
    made.stop()


def unwrapped(received):
    with openai.OpenAI(api_key="any") as client:
        return client.webhooks.unwrap(received.body, received.headers, secret=SECRET)


def test_the_signature_is_that_of_standard_webhooks():
    secret = b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    body = b'{"test": 2432232314}'
    signature = sign(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body)
    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_the_official_client_unwraps_what_is_told(webhooks, receiver):
    webhooks.tell(DONE)
    webhooks.tell(replace(DONE, id="video_2", status="failed"))
    until(lambda: len(receiver.received) == 2)
    events = sorted(map(unwrapped, receiver.received), key=lambda event: event.type)
    assert [(event.type, event.data.id, event.created_at) for event in events] == [
        ("video.completed", "video_1", 1_700_000_000),
        ("video.failed", "video_2", 1_700_000_000),
    ]
    assert events[0].object == "event"
    assert events[0].id.startswith("evt_")
    assert receiver.received[0].path == "/hook?team=7"
    assert receiver.received[0].headers["content-type"] == "application/json"


def test_a_changed_body_does_not_unwrap(webhooks, receiver):
    webhooks.tell(DONE)
    until(lambda: receiver.received)
    received = receiver.received[0]
    with pytest.raises(openai.InvalidWebhookSignatureError):
        unwrapped(replace(received, body=received.body.replace(b"video_1", b"video_2")))


def test_a_notice_is_tried_again_under_the_same_id_until_it_is_taken(webhooks, receiver):
    receiver.answers = ["drop", 500, 429, 503]
    webhooks.tell(DONE)
    until(lambda: len(receiver.received) == 5)
    time.sleep(0.2)
    assert len({each.headers["webhook-id"] for each in receiver.received}) == 1
    assert {unwrapped(each).data.id for each in receiver.received} == {"video_1"}
    assert len(receiver.received) == 5
    waits = [b.at - a.at for a, b in zip(receiver.received, receiver.received[1:], strict=False)]
    assert min(waits) >= 0.01


@pytest.mark.parametrize("answer", [400, 401, 410, "redirect"])
def test_what_will_not_change_is_not_tried_again_nor_followed(webhooks, receiver, answer, caplog):
    receiver.answers = [answer]
    webhooks.tell(DONE)
    until(lambda: "is given up" in caplog.text)
    assert [each.path for each in receiver.received] == ["/hook?team=7"]


def test_a_receiver_that_hangs_is_given_up_after_a_bounded_time(webhooks, receiver, caplog):
    receiver.answers = ["hang"] * 5
    webhooks.tell(DONE)
    until(lambda: "is given up: no answer in 0.5 s" in caplog.text)
    assert len(receiver.received) == 5


def test_an_answer_without_end_is_not_read(webhooks, receiver):
    receiver.answers = ["flood"]
    webhooks.tell(DONE)
    webhooks.tell(replace(DONE, id="video_2"))
    until(lambda: len(receiver.received) == 2)
    time.sleep(0.2)
    assert len(receiver.received) == 2


def test_nobody_listening_is_no_reason_to_fail(kept, caplog):
    with receiving() as receiver:
        url = receiver.url
    alone = Webhooks(read_endpoint(url, SECRET), kept.__contains__, QUICK)
    alone.start()
    alone.tell(DONE)
    until(lambda: "is given up: ConnectError" in caplog.text)
    alone.stop()


def test_age_ends_the_tries_too(receiver, kept, caplog):
    old = Webhooks(
        read_endpoint(receiver.url, SECRET), kept.__contains__, replace(QUICK, max_age_seconds=0)
    )
    receiver.answers = [500, 500]
    old.start()
    old.tell(DONE)
    until(lambda: "is given up: it answered 500" in caplog.text)
    assert len(receiver.received) == 1
    old.stop()


def test_of_a_video_that_was_deleted_meanwhile_nothing_more_is_said(webhooks, receiver, kept):
    receiver.answers = ["hang"]
    webhooks.tell(DONE)
    until(lambda: receiver.received)
    kept.clear()
    webhooks.tell(replace(DONE, id="video_2"))
    time.sleep(1)
    assert len(receiver.received) == 1


def test_a_full_queue_drops_and_says_so(receiver, kept, monkeypatch, caplog):
    monkeypatch.setattr("engine.webhooks.MAX_PENDING", 1)
    small = Webhooks(read_endpoint(receiver.url, SECRET), kept.__contains__, QUICK)
    small.start()
    receiver.answers = ["hang"]
    small.tell(DONE)
    until(lambda: receiver.received)
    small.tell(replace(DONE, id="video_2"))
    assert "nobody is told of video_2" in caplog.text
    small.stop()
    small.tell(DONE)  # too late, and harmless
    assert len(receiver.received) == 1


# ── in the service ────────────────────────────────────────────────────────────────────


def endpoint(receiver) -> Endpoint:
    made = read_endpoint(receiver.url, SECRET)
    assert made is not None
    return made


def test_every_end_is_told_once_and_no_render_waits_for_it(receiver, tmp_path):
    receiver.answers = ["hang"] * 3
    with (
        served(GreyEngine(), tmp_path, webhook=endpoint(receiver)) as running,
        EngineClient(running.url, timeout_seconds=20) as client,
    ):
        same = key()
        ids = [client.submit(SPOKEN, idempotency_key=same).id for _ in range(2)]
        ids += [client.submit(SPOKEN, idempotency_key=key()).id for _ in range(2)]
        assert all(finished(client, video_id).status == "completed" for video_id in ids)
        until(lambda: len(receiver.received) == 3)
        receiver.may_answer.set()
        time.sleep(0.3)
    assert {unwrapped(each).data.id for each in receiver.received} == set(ids)
    assert len(receiver.received) == 3


def test_a_failure_is_told_and_a_cancelled_video_is_not(receiver, tmp_path):
    engine = GatedEngine()
    with (
        served(engine, tmp_path, webhook=endpoint(receiver)) as running,
        EngineClient(running.url, timeout_seconds=20) as client,
    ):
        request = VideoRequest("refuse", 1, model="gated")
        rendering, waiting, failing = (
            client.submit(request, idempotency_key=key()).id for _ in range(3)
        )
        until(lambda: client.retrieve(rendering).status == "in_progress")
        client.cancel(rendering)
        client.cancel(waiting)
        engine.gate.set()
        until(lambda: receiver.received)
        time.sleep(0.2)
    assert [(unwrapped(e).type, unwrapped(e).data.id) for e in receiver.received] == [
        ("video.failed", failing)
    ]


def test_what_ends_because_the_service_ends_is_not_told(receiver, tmp_path):
    with (
        served(GatedEngine(), tmp_path, webhook=endpoint(receiver)) as running,
        EngineClient(running.url, timeout_seconds=20) as client,
    ):
        video = client.submit(VideoRequest("a", 1, model="gated"), idempotency_key=key())
        until(lambda: client.retrieve(video.id).status == "in_progress")
    assert receiver.received == []


def test_a_request_cannot_name_a_url(running, raw):
    for name in ("webhook", "webhook_url", "callback_url"):
        answer = raw.post("/videos", json={"prompt": "a", name: "http://127.0.0.1:1/"})
        assert answer.json()["error"]["code"] == "unknown_parameter"


# ── what the operator sets ────────────────────────────────────────────────────────────


def test_no_setting_is_no_webhook():
    assert read_endpoint(None, None) is None
    assert read_endpoint("", "") is None
    assert read_endpoint("https://a.test/x", SECRET) == Endpoint(
        httpx.URL("https://a.test/x"), bytes(range(32))
    )


@pytest.mark.parametrize(
    ("url", "secret", "said"),
    [
        ("https://a.test", None, "go together"),
        (None, SECRET, "go together"),
        ("ftp://a.test", SECRET, "no http:// or https:// URL"),
        ("a.test/hook", SECRET, "no http:// or https:// URL"),
        ("http://", SECRET, "no http:// or https:// URL"),
        ("http://[::1", SECRET, "no http:// or https:// URL"),
        ("https://a.test", SECRET.removeprefix("whsec_"), "must be whsec_ and base64"),
        ("https://a.test", "whsec_!!!", "must be whsec_ and base64"),
        ("https://a.test", "whsec_c2hvcnQ=", "must be whsec_ and base64"),
        ("https://a.test", "whsec_" + b64encode(bytes(65)).decode(), "must be whsec_ and base64"),
    ],
)
def test_a_wrong_setting_is_refused(url, secret, said):
    with pytest.raises(WebhookMisconfigured, match=said):
        read_endpoint(url, secret)


def test_the_service_ends_with_a_sentence_when_it_is_set_wrong(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "engine", "--port", "0", "--state", str(tmp_path)],
        cwd=ROOT,
        env={**os.environ, "ENGINE_WEBHOOK_URL": "https://a.test"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        "ENGINE_WEBHOOK_URL and ENGINE_WEBHOOK_SECRET go together: set both or none."
    ]
