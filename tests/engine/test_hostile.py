"""What a broken or hostile engine sends harms nobody: bounded in size, time and place."""

import gzip
import time

import pytest

from engine import exchange
from engine.client import EngineClient
from engine.contracts import VideoRequest
from engine.errors import AnswerUnusable, EngineDenied, EngineError, EngineUnavailable
from tests.fakes.hostile import body, dripping, endless, hostile, redirect, said, video

BALL = VideoRequest("a ball", 1)
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"


@pytest.fixture
def ask():
    made = []

    def client(server, timeout_seconds=1.0):
        made.append(EngineClient(server.url, timeout_seconds=timeout_seconds))
        return made[-1]

    yield client
    for each in made:
        each.close()


@pytest.mark.parametrize(
    "answer",
    [
        body(b"<html>hello</html>"),
        body(b""),
        body(b"[" * 100_000),
        body(b'"\xff"'),
        said([]),
        said(None),
        said({"id": "v1"}),
        said(video(id=7)),
        said(video(id="")),
        said(video(id="a" * 501)),
        said(video(id="a\nb")),
        said(video(status="dancing")),
        said(video(progress="many")),
        said(video(progress=1e999)),
        said(video(seconds="NaN s")),
        said(video(vignette={"not_drawn": [{"phrase": "a"}]})),
        said(video(vignette=[1])),
        body(gzip.compress(b"{}"), headers="Content-Encoding: gzip\r\n"),
        redirect("http://127.0.0.1:1/v1/videos/v1"),
    ],
)
def test_no_video_object_is_an_answer_that_cannot_be_used(ask, answer):
    with hostile(GET=answer, POST=answer) as server:
        with pytest.raises(AnswerUnusable):
            ask(server).retrieve("v1")
        with pytest.raises(AnswerUnusable):
            ask(server).submit(BALL, idempotency_key="a")


def test_what_it_says_is_cut_to_what_can_be_stored(ask):
    wild = video(
        "failed",
        progress=10**9,
        error={"code": "x\0" * 200, "message": "\ud800\0" + "m" * 9000},
        size="s" * 999,
        vignette={"seed": 2**70, "not_drawn": [{"phrase": "p" * 999, "instead": "\0"}] * 99},
    )
    with hostile(GET=said(wild)) as server:
        seen = ask(server).retrieve("v1")
    assert (seen.progress, seen.seed, len(seen.not_drawn)) == (100, None, 50)
    assert (len(seen.not_drawn[0].phrase), seen.not_drawn[0].instead) == (500, "")
    assert "\0" not in seen.error.code + seen.error.message
    assert (len(seen.error.code) <= 60, len(seen.error.message) <= 500) == (True, True)
    seen.error.message.encode()


def test_an_error_may_have_any_shape(ask):
    shapes = [
        ({"error": "Unauthorized"}, "401 Unauthorized", EngineDenied, "Unauthorized"),
        ({"detail": "Not here"}, "500 Oh", EngineUnavailable, "Not here"),
        ({"detail": [{"loc": ["body", "n"], "msg": "no"}]}, "422 No", EngineError, "no"),
        ({"error": {"message": "m\0", "code": 400}}, "400 No", EngineError, "m"),
        ([1], "503 Oh", EngineUnavailable, "HTTP 503"),
    ]
    for document, status, kind, message in shapes:
        with hostile(GET=said(document, status=status)) as server:
            with pytest.raises(kind) as raised:
                ask(server).retrieve("v1")
            assert raised.value.message == message


def test_an_endless_answer_is_read_to_its_limit_and_no_further(ask):
    with hostile(GET=endless(b"{")) as server:
        with pytest.raises(EngineError) as raised:
            ask(server).retrieve("v1")
        assert raised.value.code == "answer_too_large"


@pytest.mark.parametrize("length", [None, 10 * 1024**3])
def test_ten_gigabytes_of_film_are_not_kept(ask, tmp_path, monkeypatch, length):
    monkeypatch.setattr(exchange, "MAX_VIDEO_BYTES", 8 << 20)
    with hostile(content=endless(b"\0\0\0\x18ftyp", length=length)) as server:
        with pytest.raises(EngineError) as raised:
            ask(server).download("v1", tmp_path / "clip.mp4")
        assert raised.value.code == "answer_too_large"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"<html>", b"\x89PNG\r\n\x1a\n" + b"\0" * 99])
def test_a_film_of_another_type_is_not_kept(ask, tmp_path, content):
    with hostile(content=body(content)) as server, pytest.raises(AnswerUnusable):
        ask(server).download("v1", tmp_path / "clip.mp4")
    assert list(tmp_path.iterdir()) == []


def test_a_film_that_breaks_off_is_not_kept(ask, tmp_path):
    whole = b"\0\0\0\x18ftyp" + b"\0" * 999
    broken = [
        body(whole, headers="Content-Length: 5000\r\n"),
        lambda connection: connection.sendall(OK + whole),
    ]
    for answer in broken:
        with hostile(content=answer) as server, pytest.raises(EngineUnavailable):
            ask(server).download("v1", tmp_path / "clip.mp4")
        assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "start", [b"", b"HTTP/1.1 200 OK\r\nX-Padding: ", OK], ids=["status", "headers", "body"]
)
def test_a_slow_drip_ends_with_the_time_of_the_exchange(ask, start):
    with hostile(GET=dripping(start)) as server:
        began = time.monotonic()
        with pytest.raises(EngineUnavailable):
            ask(server, timeout_seconds=0.3).retrieve("v1")
        assert 0.5 < time.monotonic() - began < 5


def test_a_film_that_drips_ends_with_the_time_of_a_download(ask, tmp_path, monkeypatch):
    monkeypatch.setattr(exchange, "DOWNLOAD_SECONDS", 1.0)
    with hostile(content=dripping(OK + b"\0\0\0\x18ftyp")) as server:
        began = time.monotonic()
        with pytest.raises(EngineUnavailable):
            ask(server).download("v1", tmp_path / "clip.mp4")
        assert time.monotonic() - began < 5
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_followed_to_another_address(ask, tmp_path):
    with hostile(GET=said(video()), content=body(b"secret")) as private:
        away = redirect(f"{private.url}/v1/videos/v1")
        with hostile(GET=away, content=away, POST=away, DELETE=away, engines=away) as server:
            client = ask(server)
            calls = [
                lambda: client.retrieve("v1"),
                lambda: client.submit(BALL, idempotency_key="a"),
                lambda: client.download("v1", tmp_path / "clip.mp4"),
                lambda: client.captions("v1"),
                lambda: client.cancel("v1"),
                client.capabilities,
            ]
            for call in calls:
                with pytest.raises(AnswerUnusable):
                    call()
        assert private.asked == []


def test_an_id_leads_nowhere_else(ask):
    away = said(video(id="../../admin?x=1#y"))
    with hostile(GET=away, POST=away) as server:
        client = ask(server)
        client.retrieve(client.submit(BALL, idempotency_key="a").id)
        assert server.asked[1] == "GET /v1/videos/..%2F..%2Fadmin%3Fx%3D1%23y"


SELF = {
    "name": "q", "kind": "k", "description": "d", "sizes": ["64x64"], "min_seconds": 1,
    "max_seconds": 5, "max_shots": 1, "fps": [24], "audio": True, "seed": True,
    "procedural": False, "input_reference": False,
}  # fmt: skip


def test_a_description_with_newer_names_is_read(ask):
    with hostile(
        engines=said({"data": [SELF | {"smell": True, "operations": ["edit"]}]})
    ) as server:
        assert ask(server).capabilities().operations == ("edit",)


@pytest.mark.parametrize(
    "change",
    [
        {"sizes": 5}, {"sizes": []}, {"sizes": ["large"]}, {"sizes": [[1]]}, {"fps": [0.5]},
        {"fps": []}, {"max_seconds": "5"}, {"max_seconds": -1}, {"max_seconds": True},
        {"max_shots": 10**9}, {"audio": "yes"}, {"name": "a\0"}, {"name": "n" * 501},
        {"operations": ["dance"]}, {"licence": 5},
    ],
)  # fmt: skip
def test_a_description_of_other_types_is_not_taken(ask, change):
    with hostile(engines=said({"data": [SELF | change]})) as server, pytest.raises(AnswerUnusable):
        ask(server).capabilities()
