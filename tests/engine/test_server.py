import base64
import io
import os
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path

import av
import httpx
import openai
import pytest
from PIL import Image

from engine.client import EngineClient
from engine.contracts import NotDrawn, Shot, VideoRequest
from engine.engines.scene.capabilities import CAPABILITIES
from engine.errors import (
    EngineDenied,
    EngineUnavailable,
    RequestRejected,
    VideoNotFound,
    VideoNotReady,
)
from tests.engine.conftest import KEY, ROOT, Service

LONG = VideoRequest("a ball falls in a forest", 25, seed=1)
SHORT = VideoRequest("a ball and a kazoo", 1, seed=5)


@pytest.fixture
def http(service):
    with httpx.Client(
        base_url=service.url, headers={"Authorization": f"Bearer {KEY}"}, timeout=20
    ) as client:
        yield client


@pytest.fixture
def client(service):
    with EngineClient(service.url, KEY, timeout_seconds=20) as made:
        yield made


@pytest.fixture(scope="module")
def finished(service, tmp_path_factory) -> tuple[str, Path]:
    """One rendered video, shared by the tests that only read."""
    with EngineClient(service.url, KEY, timeout_seconds=20) as client:
        video = client.submit(SHORT, idempotency_key="finished")
        done = wait_for(client, video.id)
        assert done.status == "completed"
        to = tmp_path_factory.mktemp("clips") / "clip.mp4"
        client.download(video.id, to)
    return video.id, to


def wait_for(client: EngineClient, video_id: str, seconds: float = 90.0):
    deadline = time.monotonic() + seconds
    while (video := client.retrieve(video_id)).status not in {"completed", "failed"}:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return video


def until(condition, seconds: float = 90.0) -> None:  # patience only: cores are shared
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def png(width: int = 8) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (width, 8), "red").save(buffer, "PNG")
    return buffer.getvalue()


def test_a_prompt_becomes_an_mp4(client, finished):
    video_id, to = finished
    video = client.retrieve(video_id)
    assert (video.status, video.progress, video.seed) == ("completed", 100, 5)
    assert video.not_drawn == (NotDrawn("kazoo", None),)
    assert (video.seconds, video.size, video.error) == (1.0, "360x640", None)
    with av.open(str(to)) as clip:
        stream = clip.streams.video[0]
        assert (stream.width, stream.height, stream.frames) == (360, 640, 24)
        assert clip.streams.audio


def test_the_same_key_renders_once(client, finished):
    assert client.submit(SHORT, idempotency_key="finished").id == finished[0]
    with pytest.raises(RequestRejected) as refused:
        client.submit(LONG, idempotency_key="finished")
    assert refused.value.code == "idempotency_key_reused"


def test_the_video_object_has_openais_shape(http, finished):
    video = http.get(f"/v1/videos/{finished[0]}").json()
    assert video["object"] == "video"
    assert (video["model"], video["seconds"], video["size"]) == ("scene", "1", "360x640")
    assert video["expires_at"] > video["completed_at"] >= video["created_at"]
    assert video["vignette"] == {
        "engine": "scene",
        "seed": 5,
        "not_drawn": [{"phrase": "kazoo", "instead": None}],
        "captions": False,
        "world": True,
    }


def test_content_has_variants_and_ranges(http, finished):
    path = f"/v1/videos/{finished[0]}/content"
    still = http.get(path, params={"variant": "thumbnail"})
    assert still.headers["content-type"] == "image/webp"
    assert Image.open(io.BytesIO(still.content)).size == (360, 640)
    sheet = http.get(path, params={"variant": "spritesheet"})
    assert Image.open(io.BytesIO(sheet.content)).size == (800, 568)
    part = http.get(path, headers={"Range": "bytes=0-99"})
    assert (part.status_code, len(part.content)) == (206, 100)
    wrong = http.get(path, params={"variant": "poster"})
    assert (wrong.status_code, wrong.json()["error"]["param"]) == (400, "variant")


@pytest.mark.filterwarnings("ignore:The Sora API:DeprecationWarning")
def test_the_official_client_works_unmodified(service, tmp_path):
    with openai.OpenAI(base_url=f"{service.url}/v1", api_key=KEY) as official:
        video = official.videos.create_and_poll(
            prompt="a blue ball",
            seconds="1",
            size="360x640",
            model="scene",
            input_reference=("photo.png", png(), "image/png"),
            poll_interval_ms=100,
        )
        assert (video.status, video.progress) == ("completed", 100)
        assert official.videos.retrieve(video.id).id == video.id
        content = official.videos.download_content(video.id)
        content.write_to_file(tmp_path / "clip.mp4")
        assert (tmp_path / "clip.mp4").stat().st_size > 5000
        assert official.videos.list(limit=1).data[0].id == video.id
        assert "scene" in [model.id for model in official.models.list()]
        assert official.videos.delete(video.id).deleted
        with pytest.raises(openai.NotFoundError):
            official.videos.retrieve(video.id)
        with pytest.raises(openai.BadRequestError) as refused:
            official.videos.create(prompt="a ball", seconds="99")
        assert (refused.value.param, refused.value.code) == ("seconds", "invalid_value")


def test_cancelling_frees_the_engine(client):
    first = client.submit(LONG, idempotency_key=str(uuid.uuid4()))
    second = client.submit(LONG, idempotency_key=str(uuid.uuid4()))
    until(lambda: client.retrieve(first.id).status == "in_progress")
    with pytest.raises(VideoNotReady):
        client.download(first.id, Path(os.devnull))
    client.cancel(first.id)
    client.cancel(first.id)
    with pytest.raises(VideoNotFound):
        client.retrieve(first.id)
    until(lambda: client.retrieve(second.id).status == "in_progress")
    client.cancel(second.id)


def test_listing_pages_in_both_orders(http, client):
    made = [client.submit(LONG, idempotency_key=str(uuid.uuid4())).id for _ in range(3)]
    newest = http.get("/v1/videos", params={"limit": 2}).json()
    assert [video["id"] for video in newest["data"]] == [made[2], made[1]]
    assert newest["has_more"]
    rest = http.get("/v1/videos", params={"after": made[1], "limit": 1}).json()
    assert rest["data"][0]["id"] == made[0]
    oldest = http.get("/v1/videos", params={"order": "asc", "after": made[1]}).json()
    assert [video["id"] for video in oldest["data"]] == [made[2]]
    assert not oldest["has_more"]
    for video_id in made:
        client.cancel(video_id)


def test_capabilities_and_models_are_told(http, client):
    assert client.capabilities() == CAPABILITIES
    assert http.get("/v1/engines").json()["data"][0]["licence"] is None
    assert http.get("/v1/models/scene").json()["id"] == "scene"
    assert client.is_healthy()


GOOD = {"prompt": "a ball", "seconds": 1}


@pytest.mark.parametrize(
    ("fields", "param", "code"),
    [
        ({}, "prompt", "missing_required_parameter"),
        ({"prompt": "   "}, "prompt", "missing_required_parameter"),
        ({"prompt": "x" * 4001}, "prompt", "string_above_max_length"),
        ({"prompt": "a\x00b"}, "prompt", "invalid_value"),
        ({"prompt": ["a"]}, "prompt", "invalid_type"),
        ({**GOOD, "seconds": 0}, "seconds", "invalid_value"),
        ({**GOOD, "seconds": "999"}, "seconds", "invalid_value"),
        ({**GOOD, "seconds": 1.5}, "seconds", "invalid_type"),
        ({**GOOD, "seconds": True}, "seconds", "invalid_type"),
        ({**GOOD, "seconds": "٣"}, "seconds", "invalid_type"),
        ({**GOOD, "size": "361x640"}, "size", "invalid_value"),
        ({**GOOD, "size": 360}, "size", "invalid_type"),
        ({**GOOD, "model": "sora-2"}, "model", "model_not_found"),
        ({**GOOD, "seed": -1}, "seed", "invalid_value"),
        ({**GOOD, "fps": 23}, "fps", "invalid_value"),
        ({**GOOD, "audio": "perhaps"}, "audio", "invalid_type"),
        ({**GOOD, "generate_sound": 1}, "generate_sound", "invalid_type"),
        ({**GOOD, "audio": True, "generate_sound": False}, "generate_sound", "invalid_value"),
        ({**GOOD, "loops": 2}, "loops", "unknown_parameter"),
        ({**GOOD, "shots": []}, "shots", "invalid_value"),
        ({**GOOD, "shots": [{"prompt": "a"}]}, "shots[0].seconds", "missing_required_parameter"),
        ({**GOOD, "shots": [{"prompt": "a", "seconds": 2}]}, "seconds", "invalid_value"),
        ({"shots": [{"prompt": "a", "seconds": 20}] * 2}, "shots", "invalid_value"),
        ({**GOOD, "input_reference": "https://x.test/a.png"}, "input_reference", "invalid_value"),
        (
            {**GOOD, "input_reference": "data:image/png;base64,aGVsbG8="},
            "input_reference",
            "invalid_value",
        ),
        (
            {
                **GOOD,
                "input_reference": "data:;base64," + base64.b64encode(png(5000)).decode(),
            },
            "input_reference",
            "invalid_value",
        ),
    ],
)
def test_bad_input_is_refused_with_its_field(http, fields, param, code):
    before = http.get("/v1/videos").json()["data"]
    answer = http.post("/v1/videos", json=fields)
    error = answer.json()["error"]
    assert (answer.status_code, error["param"], error["code"]) == (400, param, code)
    assert error["type"] == "invalid_request_error"
    assert http.get("/v1/videos").json()["data"] == before


@pytest.mark.parametrize(
    ("method", "path", "options", "status", "code"),
    [
        ("POST", "/v1/videos", {"content": b"{"}, 415, "unsupported_media_type"),
        (
            "POST",
            "/v1/videos",
            {"content": b"[" * 100_000, "headers": {"content-type": "application/json"}},
            400,
            "invalid_json",
        ),
        (
            "POST",
            "/v1/videos",
            {"content": b"x", "headers": {"content-type": "multipart/form-data; boundary=b"}},
            400,
            None,
        ),
        ("POST", "/v1/videos", {"json": {"prompt": "x" * 12_000_000}}, 413, "request_too_large"),
        ("GET", "/v1/videos?limit=0", {}, 400, "invalid_value"),
        ("GET", "/v1/videos?order=up", {}, 400, "invalid_value"),
        ("GET", "/v1/videos?after=nothing", {}, 400, "invalid_value"),
        ("GET", "/v1/videos/nothing", {}, 404, "video_not_found"),
        ("DELETE", "/v1/videos/nothing", {}, 404, "video_not_found"),
        ("GET", "/v1/videos/nothing/content", {}, 404, "video_not_found"),
        ("PUT", "/v1/videos", {}, 405, "method_not_allowed"),
        ("GET", "/v1/nothing", {}, 404, "not_found"),
    ],
)
def test_every_failure_has_openais_shape(http, method, path, options, status, code):
    answer = http.request(method, path, **options)
    error = answer.json()["error"]
    assert answer.status_code == status
    assert set(error) == {"message", "type", "param", "code"}
    if code:
        assert error["code"] == code


def test_a_chunked_body_is_cut_off_at_the_limit(http):
    def chunks():
        for _ in range(200):
            yield b" " * 100_000

    answer = http.post("/v1/videos", content=chunks(), headers={"content-type": "application/json"})
    assert answer.json()["error"]["code"] == "request_too_large"


def test_a_form_may_carry_shots_and_numbers_as_text(http, client):
    answer = http.post(
        "/v1/videos",
        data={"seconds": "2", "seed": "9", "shots": '[{"prompt": "a ball", "seconds": 2}]'},
        files={"input_reference": ("a.png", png(), "image/png")},
    )
    video = answer.json()
    assert (answer.status_code, video["seconds"], video["vignette"]["seed"]) == (200, "2", 9)
    client.cancel(video["id"])


@pytest.mark.parametrize("header", [{}, {"Authorization": "Bearer wrong"}])
def test_without_the_key_everything_but_health_is_denied(service, header):
    for method, path in (("GET", "/v1/videos"), ("POST", "/v1/videos"), ("GET", "/v1/engines")):
        answer = httpx.request(method, service.url + path, headers=header, json={})
        assert (answer.status_code, answer.json()["error"]["code"]) == (401, "invalid_api_key")
    assert httpx.get(service.url + "/health").json()["status"] == "ok"
    with EngineClient(service.url, "wrong") as stranger, pytest.raises(EngineDenied):
        stranger.submit(SHORT, idempotency_key="x")


def test_polling_stays_quick_while_a_clip_renders(client):
    video = client.submit(LONG, idempotency_key=str(uuid.uuid4()))
    until(lambda: client.retrieve(video.id).progress > 0)
    slowest = 0.0
    for _ in range(20):
        begin = time.monotonic()
        client.retrieve(video.id)
        slowest = max(slowest, time.monotonic() - begin)
    client.cancel(video.id)
    assert slowest < 1.0


def test_after_a_kill_ids_are_unknown_and_the_caller_submits_again(tmp_path):
    first = Service(tmp_path)
    with EngineClient(first.url, KEY) as client:
        video = client.submit(LONG, idempotency_key="job-1")
        until(lambda: client.retrieve(video.id).status == "in_progress")
        first.kill()
        with pytest.raises(EngineUnavailable):
            client.retrieve(video.id)
        assert not client.is_healthy()
    second = Service(tmp_path)
    with EngineClient(second.url, KEY, timeout_seconds=20) as client:
        with pytest.raises(VideoNotFound):
            client.retrieve(video.id)
        again = client.submit(VideoRequest("a ball", 1), idempotency_key="job-1")
        assert wait_for(client, again.id).status == "completed"
    assert second.stop() in {0, -signal.SIGTERM}


@pytest.mark.skipif(sys.platform != "linux", reason="prctl is Linux's")
def test_the_engine_dies_with_its_parent(tmp_path):
    script = (
        "import subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-m', 'engine', '--port', '0', '--state',"
        f" {str(tmp_path)!r}, '--parent-death-signal'], stdout=subprocess.PIPE, text=True)\n"
        "child.stdout.readline()\n"
        "print(child.pid, flush=True)\n"
        "child.wait()\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    with parent.stdout:
        engine_pid = int(parent.stdout.readline())
        parent.send_signal(signal.SIGKILL)
        parent.wait()
    stat = Path(f"/proc/{engine_pid}/stat")
    until(lambda: not stat.exists() or stat.read_text().split()[2] == "Z", seconds=10)


def test_a_shot_list_reaches_the_engine_whole(client):
    shots = (Shot("a ball", 1), Shot("close-up", 1, camera="low angle"))
    video = client.submit(
        VideoRequest("", 2, shots=shots, style="noir"), idempotency_key=str(uuid.uuid4())
    )
    assert video.seconds == 2.0
    client.cancel(video.id)
