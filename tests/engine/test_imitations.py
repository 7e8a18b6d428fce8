"""The imitations of other servers are as strict as their docstrings say, and render what they say.

Other tests trust them to show a client's mistakes.
"""

import base64
import io
import threading
import time

import av
import httpx
import pytest

from tests.engine.grey import picture, until
from tests.fakes.litellm import Litellm, wrapped
from tests.fakes.sglang import Sglang
from tests.fakes.studio import served
from tests.fakes.vllm_omni import VllmOmni

KEY = "sk-1234"
TINY = {"sizes": ("64x64", "96x64"), "seconds": ("1", "2")}


@pytest.fixture
def vllm(tmp_path):
    with served(VllmOmni(tmp_path)) as running:
        yield running


@pytest.fixture
def sgl(tmp_path):
    with served(Sglang(tmp_path)) as running:
        yield running


@pytest.fixture
def lite(tmp_path):
    with served(Litellm(tmp_path, **TINY)) as running:
        yield running


@pytest.fixture(params=["vllm", "sgl", "lite"])
def any_server(request):
    return request.getfixturevalue(request.param)


def http(running) -> httpx.Client:
    headers = {"Authorization": f"Bearer {KEY}"}
    return httpx.Client(base_url=f"{running.url}/v1", headers=headers, timeout=20)


def ask(client, **fields):
    """A form for vLLM-Omni, JSON for the others."""
    if "json" in fields:
        return client.post("/videos", json=fields["json"])
    files = {name: (None, value) for name, value in fields.items()}
    return client.post("/videos", files=files)


def shape(client, video_id) -> tuple[int, int, int, int, bool]:
    """Of a finished clip: width, height, frames, rate, sound."""
    until(lambda: client.get(f"/videos/{video_id}").json()["status"] == "completed")
    with av.open(io.BytesIO(client.get(f"/videos/{video_id}/content").content)) as clip:
        frames = len(list(clip.decode(video=0)))
        stream = clip.streams.video[0]
        rate = round(stream.average_rate)
        return stream.width, stream.height, frames, rate, bool(clip.streams.audio)


BASICS = {
    "vllm": {"prompt": "a", "size": "64x64", "seconds": "1", "fps": "24"},
    "sgl": {"json": {"prompt": "a", "size": "64x64", "seconds": 1}},
    "lite": {"json": {"prompt": "a", "size": "64x64", "seconds": "1", "model": "sora-2"}},
}


def basic(running):
    return BASICS[{VllmOmni: "vllm", Sglang: "sgl", Litellm: "lite"}[type(running.fake)]]


def test_a_held_render_waits_and_a_slow_one_takes_its_time(any_server):
    studio = any_server.studio
    studio.may_render.clear()
    with http(any_server) as client:
        video_id = ask(client, **basic(any_server)).json()["id"]
        timer = threading.Timer(0.2, studio.may_render.set)
        timer.start()
        assert client.get(f"/videos/{video_id}").json()["status"] in {"queued", "in_progress"}
        assert client.get(f"/videos/{video_id}/content").status_code == 404
        until(lambda: client.get(f"/videos/{video_id}").json()["status"] == "completed")
        studio.delay_seconds = 0.3
        started = time.monotonic()
        shape(client, ask(client, **basic(any_server)).json()["id"])
        assert time.monotonic() - started > 0.3


def test_a_render_can_be_made_to_fail_once(any_server):
    any_server.studio.failure = "CUDA out of memory"
    with http(any_server) as client:
        first, second = (ask(client, **basic(any_server)).json()["id"] for _ in range(2))
        until(lambda: client.get(f"/videos/{first}").json()["status"] == "failed")
        assert client.get(f"/videos/{first}").json()["error"]["message"] == "CUDA out of memory"
        assert client.get(f"/videos/{first}/content").status_code in {404, 422}
        until(lambda: client.get(f"/videos/{second}").json()["status"] == "completed")


def test_a_server_can_vanish_and_come_back_without_its_jobs(any_server):
    with http(any_server) as client:
        video_id = ask(client, **basic(any_server)).json()["id"]
        any_server.stop()
        with pytest.raises(httpx.ConnectError):
            client.get(f"/videos/{video_id}")
        any_server.start()
        assert client.get(f"/videos/{video_id}").status_code == 404


# ── vLLM-Omni ─────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, (832, 480, 1, 16, False)),
        ({"size": "70x64"}, (64, 64, 1, 16, False)),
        ({"size": "64x64", "seconds": "1"}, (64, 64, 25, 16, False)),
        ({"size": "64x64", "seconds": "1", "fps": "12"}, (64, 64, 13, 12, False)),
        ({"width": "96", "height": "64", "num_frames": "5", "fps": "24"}, (96, 64, 5, 24, False)),
        ({"size": "64x64", "num_frames": "9", "generate_sound": "true"}, (64, 64, 9, 16, True)),
    ],
)
def test_vllm_makes_the_frames_that_its_fields_mean(vllm, fields, expected):
    with http(vllm) as client:
        assert shape(client, ask(client, prompt="a", **fields).json()["id"]) == expected


@pytest.mark.parametrize(
    "fields",
    [
        {"json": {"prompt": "a"}},
        {"size": "64x64"},
        {"prompt": ""},
        {"prompt": "a", "seconds": "0"},
        {"prompt": "a", "seconds": "1.5"},
        {"prompt": "a", "size": "64*64"},
        {"prompt": "a", "fps": "fast"},
        {"prompt": "a", "width": "0"},
        {"prompt": "a", "num_inference_steps": "201"},
        {"prompt": "a", "generate_sound": "perhaps"},
        {"prompt": "a", "extra_params": "[1]"},
        {"prompt": "a", "model": "sora-2"},
        {"prompt": "a", "image_reference": '{"file_id": "f"}'},
    ],
)
def test_vllm_refuses_in_its_own_shape_and_makes_no_job(vllm, fields):
    with http(vllm) as client:
        answer = ask(client, **fields)
        assert answer.status_code == 400
        error = answer.json()["error"]
        assert (error["type"], error["param"], error["code"]) == ("Bad Request", None, 400)
        assert client.get("/videos").json()["data"] == []


def test_vllm_ignores_unknown_and_empty_fields_and_repeats_what_was_asked(vllm):
    with http(vllm) as client:
        video = ask(client, prompt="a", size="70x64", seconds="2", audio="x", fps="").json()
    assert (video["size"], video["seconds"], video["status"]) == ("70x64", "2", "queued")
    assert video["id"].startswith("video_gen_")


def test_vllm_takes_one_reference_that_is_a_picture_or_a_film(vllm):
    url = f"data:image/png;base64,{base64.b64encode(picture((64, 64))).decode()}"
    prompt, by_url = (
        {"prompt": "a"},
        {"prompt": "a", "image_reference": f'{{"image_url": "{url}"}}'},
    )
    file = {"input_reference": ("a.png", picture((64, 64)), "image/png")}
    wrong = {"input_reference": ("a.png", b"x", "image/png")}
    with http(vllm) as client:
        answers = [
            client.post("/videos", data=data, files=files).status_code
            for data, files in ((prompt, file), (by_url, {}), (prompt, wrong), (by_url, file))
        ]
    assert answers == [200, 200, 400, 400]
    references = [job.fields["input_reference"] for job in vllm.studio.asked]
    assert references == [picture((64, 64)), None]


def test_vllm_cancels_what_is_deleted(vllm):
    vllm.studio.may_render.clear()
    with http(vllm) as client:
        video_id = ask(client, prompt="a").json()["id"]
        until(lambda: client.get(f"/videos/{video_id}").json()["status"] == "in_progress")
        gone = client.delete(f"/videos/{video_id}").json()
        assert gone == {"id": video_id, "deleted": True, "object": "video.deleted"}
        until(lambda: vllm.studio.stopped == [video_id])
        missing = client.get(f"/videos/{video_id}")
        assert (missing.status_code, missing.json()["error"]["code"]) == (404, 404)
        assert client.post(f"/videos/{video_id}/remix", json={}).json() == {"detail": "Not Found"}


def test_vllm_answers_a_failed_job_with_an_error_status_and_the_video(vllm):
    vllm.studio.failure = "boom"
    with http(vllm) as client:
        video_id = ask(client, prompt="a", size="64x64").json()["id"]
        until(lambda: client.get(f"/videos/{video_id}").status_code == 500)
        video = client.get(f"/videos/{video_id}").json()
        assert (video["object"], video["error"]) == ("video", {"code": 500, "message": "boom"})


def test_vllm_pages_its_list(vllm):
    with http(vllm) as client:
        ids = [ask(client, prompt="a", size="64x64").json()["id"] for _ in range(3)]
        page = client.get("/videos", params={"limit": 2}).json()
        assert [each["id"] for each in page["data"]] == [ids[2], ids[1]]
        assert (page["first_id"], page["last_id"], page["has_more"]) == (ids[2], ids[1], True)
        rest = client.get("/videos", params={"after": ids[1]}).json()
        assert [each["id"] for each in rest["data"]] == [ids[0]]
        assert client.get("/videos", params={"after": "none"}).json()["data"] == []
        assert client.get("/videos", params={"order": "up"}).status_code == 400


# ── SGLang ────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"size": "64x64", "seconds": 1}, (64, 64, 21, 24, False)),
        ({"size": "64x64", "seconds": "1", "fps": 12}, (64, 64, 9, 12, False)),
        ({"width": 96, "height": 64, "num_frames": 25}, (96, 64, 25, 24, False)),
        ({"size": "large", "num_frames": 5}, (832, 480, 5, 24, False)),
        ({"size": "64x64", "extra_body": {"num_frames": 5}}, (64, 64, 5, 24, False)),
    ],
)
def test_sglang_makes_the_frames_that_its_fields_mean(sgl, fields, expected):
    with http(sgl) as client:
        answer = ask(client, json={"prompt": "a", **fields}).json()
        assert shape(client, answer["id"]) == expected
        assert answer["size"] == f"{expected[0]}x{expected[1]}"


@pytest.mark.parametrize(
    ("options", "status"),
    [
        ({"json": {}}, 400),
        ({"json": {"prompt": 5}}, 400),
        ({"json": {"prompt": "a", "seconds": "1.5"}}, 400),
        ({"json": {"prompt": "a", "seconds": 0}}, 400),
        ({"content": b"{"}, 400),
        ({"files": {"seconds": (None, "1")}}, 400),
        ({"files": {"prompt": (None, "a"), "seconds": (None, "one")}}, 422),
    ],
)
def test_sglang_refuses_in_fastapis_shape_and_makes_no_job(sgl, options, status):
    with http(sgl) as client:
        answer = client.post("/videos", **options)
        assert answer.status_code == status
        assert answer.json().keys() == {"detail"}
        assert client.get("/videos").json() == {"data": [], "object": "list"}


def test_sglang_knows_the_sizes_of_its_model(tmp_path):
    with served(Sglang(tmp_path, sizes=("96x64",))) as running, http(running) as client:
        wrong = ask(client, json={"prompt": "a", "size": "64x64"})
        assert (wrong.status_code, "Supported resolutions: 96x64" in wrong.text) == (400, True)
        assert ask(client, json={"prompt": "a"}).json()["size"] == "96x64"


def test_sglang_is_never_in_progress_and_forgets_without_stopping(sgl):
    sgl.studio.may_render.clear()
    with http(sgl) as client:
        video_id = ask(client, json={"prompt": "a", "size": "64x64", "num_frames": 5}).json()["id"]
        assert client.get(f"/videos/{video_id}").json()["status"] == "queued"
        assert client.delete(f"/videos/{video_id}").json()["status"] == "deleted"
        assert client.get(f"/videos/{video_id}").json() == {"detail": "Video not found"}
        sgl.studio.may_render.set()
        until(lambda: sgl.studio.rendered == [video_id])


def test_sglang_fails_without_a_code_and_has_one_variant(sgl):
    with http(sgl) as client:
        video_id = ask(client, json={"prompt": "a", "size": "70x64", "num_frames": 5}).json()["id"]
        until(lambda: client.get(f"/videos/{video_id}").json()["status"] == "failed")
        assert client.get(f"/videos/{video_id}").json()["error"].keys() == {"message"}
        sheet = client.get(f"/videos/{video_id}/content", params={"variant": "thumbnail"})
        assert sheet.status_code == 400


# ── LiteLLM ───────────────────────────────────────────────────────────────────────────


def test_litellm_wraps_ids_and_tells_another_one_in_a_status(lite):
    with http(lite) as client:
        made = ask(client, **BASICS["lite"]).json()
        own = lite.studio.asked[0].id
        assert made["id"] == wrapped(own, "sora-2")
        assert made["usage"] == {"duration_seconds": 1.0}
        told = client.get(f"/videos/{made['id']}").json()
        assert told["id"] == wrapped(own, None) != made["id"]
        assert client.get("/videos").json()["data"][0]["id"] == made["id"]
        assert shape(client, told["id"]) == (64, 64, 30, 30, True)


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"model": "other"}, "model"),
        ({"seed": 1}, "seed"),
        ({"seconds": 1}, "seconds"),
        ({"seconds": "5"}, "seconds"),
        ({"size": "65x65"}, "size"),
        ({"prompt": ""}, "prompt"),
    ],
)
def test_litellm_and_its_provider_refuse_in_the_proxys_shape(lite, fields, param):
    with http(lite) as client:
        answer = ask(client, json={**BASICS["lite"]["json"], **fields})
        error = answer.json()["error"]
        assert (answer.status_code, error["code"], error["param"]) == (400, "400", param)
        assert client.get("/videos").json()["data"] == []


def test_litellm_cannot_delete_and_ignores_range_and_variant(lite):
    with http(lite) as client:
        video_id = ask(client, **BASICS["lite"]).json()["id"]
        assert client.delete(f"/videos/{video_id}").status_code == 405
        shape(client, video_id)
        whole = client.get(f"/videos/{video_id}/content")
        part = client.get(
            f"/videos/{video_id}/content?variant=thumbnail", headers={"Range": "bytes=0-99"}
        )
        assert (part.status_code, part.content) == (200, whole.content)


def test_litellm_passes_remixes_edits_extensions_and_characters_on(lite):
    with http(lite) as client:
        source = ask(client, **BASICS["lite"]).json()["id"]
        shape(client, source)
        video = {"id": source}
        remix = client.post(f"/videos/{source}/remix", json={"prompt": "b"}).json()["id"]
        edit = client.post("/videos/edits", json={"prompt": "b", "video": video}).json()["id"]
        longer = client.post(
            "/videos/extensions", json={"prompt": "b", "video": video, "seconds": "2"}
        )
        assert shape(client, remix) == shape(client, edit) == (64, 64, 30, 30, True)
        assert shape(client, longer.json()["id"])[2] == 90
        files = {"video": ("a.mp4", b"x", "video/mp4")}
        ada = client.post("/videos/characters", data={"name": "Ada"}, files=files).json()
        assert client.get(f"/videos/characters/{ada['id']}").json()["name"] == "Ada"


@pytest.mark.parametrize(
    ("fake", "path"),
    [(VllmOmni, "/v1/videos"), (Sglang, "/v1/videos"), (Litellm, "/videos")],
)
def test_a_wrong_key_is_refused_and_health_is_open(tmp_path, fake, path):
    with served(fake(tmp_path, key=KEY)) as running:
        for headers in ({}, {"Authorization": "Bearer wrong"}):
            answer = httpx.get(running.url + path, headers=headers)
            assert answer.status_code == 401
            assert "error" in answer.json()
        good = httpx.get(running.url + path, headers={"Authorization": f"Bearer {KEY}"})
        assert good.status_code == 200
        health = "/health/liveliness" if fake is Litellm else "/health"
        assert httpx.get(running.url + health).status_code == 200


def test_the_same_seed_and_prompt_give_the_same_clip(vllm):
    with http(vllm) as client:
        files = []
        for seed in ("1", "1", "2", ""):
            video_id = ask(client, prompt="a", size="64x64", num_frames="5", seed=seed).json()["id"]
            shape(client, video_id)
            with av.open(io.BytesIO(client.get(f"/videos/{video_id}/content").content)) as clip:
                files.append(next(clip.decode(video=0)).to_ndarray().tobytes())
    assert files[0] == files[1] != files[2]
