"""Characters and who casts them, contact sheets, and the list of words."""

import io
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import httpx
import pytest
from PIL import Image

from engine.contracts import CastMember, NotDrawn, VideoRequest
from engine.errors import RequestRejected
from tests.engine.examples import GREY_CAPABILITIES, GreyEngine
from tests.engine.grey import SIZE, SPOKEN, error_of, finished, key, made, picture, until
from tests.fakes.engine import served


def test_a_character_is_cast_by_id_with_an_upright_small_picture(running, grey, raw):
    face = picture((1600, 1200), "green", "JPEG")
    made_ = raw.post("/videos/characters", data={"name": "Mossy"}, files={"image": face}).json()
    assert (made_["name"], made_["object"]) == ("Mossy", "character")
    assert made_["expires_at"] > made_["created_at"]
    assert raw.get(f"/videos/characters/{made_['id']}").json() == made_
    body = {
        "prompt": "@Mossy waves",
        "size": SIZE,
        "seconds": 1,
        "characters": [{"id": made_["id"]}],
    }
    assert finished(grey, raw.post("/videos", json=body).json()["id"]).status == "completed"
    (member,) = running.engine.asked[0].cast
    assert member.name == "@Mossy"
    kept = Image.open(io.BytesIO(member.face))
    assert (kept.format, kept.size, len(kept.getexif())) == ("JPEG", (512, 384), 0)


def test_a_removed_character_cannot_be_cast(raw):
    answer = raw.post("/videos/characters", data={"name": "Mossy"}, files={"image": picture()})
    path = f"/videos/characters/{answer.json()['id']}"
    assert raw.delete(path).json()["deleted"]
    for method in ("GET", "DELETE"):
        assert error_of(raw.request(method, path)) == (
            404,
            "character_id",
            "character_not_found",
        )
    body = {"prompt": "x", "size": SIZE, "characters": [{"id": answer.json()["id"]}]}
    refused = error_of(raw.post("/videos", json=body))
    assert refused == (400, "characters[0].id", "character_not_found")


@pytest.mark.parametrize(
    ("name", "file", "param", "code"),
    [
        ("", picture(), "name", "missing_required_parameter"),
        ("x" * 31, picture(), "name", "invalid_value"),
        ("a b", picture(), "name", "invalid_value"),
        ("<b>", picture(), "name", "invalid_value"),
        ("ada", None, "video", "missing_required_parameter"),
        ("ada", b"no picture", "video", "invalid_value"),
        ("ada", picture((4097, 10)), "video", "invalid_value"),
        ("ada", picture()[:60], "video", "invalid_value"),
        ("ada", b"\0\0\0\x20ftypisom" + b"\xff" * 500, "video", "invalid_value"),
    ],
)
def test_a_wrong_character_is_refused(refusing, name, file, param, code):
    files = {"video": ("face", file)} if file else {"none": ("x", b"x")}
    answer = refusing.post("/videos/characters", data={"name": name}, files=files)
    if file is None:
        param, code = "none", "unknown_parameter"
    assert error_of(answer) == (400, param, code)


@pytest.mark.parametrize(
    ("characters", "param"),
    [
        ([], "characters"),
        ({}, "characters"),
        ("ada", "characters"),
        ([{"id": "char_1"}] * 5, "characters"),
        ([5], "characters[0]"),
        ([{"id": ["x"]}], "characters[0]"),
        ([{"id": "char_1"}], "characters[0].id"),
        ([{"name": "a b", "image_url": "data:;base64,AAAA"}], "characters[0].name"),
        ([{"name": "ada", "image_url": "https://x.test/a.png"}], "characters[0].image_url"),
        ([{"name": "ada", "image_url": None}], "characters[0].image_url"),
    ],
)
def test_a_wrong_cast_is_refused_with_its_place(refusing, characters, param):
    answer = refusing.post("/videos", json={"prompt": "x", "characters": characters})
    assert error_of(answer)[:2] == (400, param)
    assert refusing.get("/videos").json()["data"] == []


def test_a_name_is_cast_once(grey):
    twice = (CastMember("@ada", picture()), CastMember("@Ada", picture()))
    with pytest.raises(RequestRejected) as refused:
        grey.submit(replace(SPOKEN, cast=twice), idempotency_key=key())
    assert refused.value.param == "characters"


def test_a_preview_is_a_picture_with_its_seed_and_what_is_missing(grey, raw):
    request = VideoRequest("a ball and a kazoo", 1, size=SIZE, model="grey")
    preview, seed = grey.preview(request)
    assert Image.open(io.BytesIO(preview.jpeg)).size == (64, 64)
    assert preview.not_drawn == (NotDrawn("kazoo", None),)
    assert 0 <= seed < 2**31
    answer = raw.post("/videos/preview", json={"prompt": "a ball", "seed": 5})
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["x-vignette-seed"] == "5"
    assert raw.get("/videos").json()["data"] == []


def test_previews_wait_for_each_other_and_too_many_are_refused(running, grey, raw):
    running.engine.may_preview.clear()
    with ThreadPoolExecutor(8) as pool:
        asked = [
            pool.submit(raw.post, "/videos/preview", json={"prompt": "a ball"}) for _ in range(8)
        ]
        until(lambda: sum(each.done() for each in asked) == 3)
        refused = [each.result() for each in asked if each.done()]
        assert {error_of(answer)[2] for answer in refused} == {"queue_full"}
        assert all(int(answer.headers["retry-after"]) for answer in refused)
        assert finished(grey, made(grey)).status == "completed"  # renders meanwhile
        running.engine.may_preview.set()
        assert sorted(each.result().status_code for each in asked) == [200] * 5 + [429] * 3
    assert grey.preview(SPOKEN)[0].jpeg


def test_a_preview_that_takes_too_long_is_given_up(running, grey, monkeypatch):
    monkeypatch.setattr("engine.previews.DEADLINE_SECONDS", 0.1)
    running.engine.may_preview.clear()
    answer = httpx.post(f"{running.url}/v1/videos/preview", json={"prompt": "x"})
    assert error_of(answer) == (503, None, "preview_timeout")
    running.engine.may_preview.set()
    monkeypatch.undo()
    assert grey.preview(SPOKEN)[0].jpeg


def test_a_wrong_or_refused_preview_says_why(raw):
    assert error_of(raw.post("/videos/preview", json={}))[1:] == (
        "prompt",
        "missing_required_parameter",
    )
    assert error_of(raw.post("/videos/preview", json={"prompt": "refuse"}))[::2] == (
        400,
        "cannot_draw",
    )


def test_the_vocabulary_is_asked_of_the_engine_once_and_kept_by_callers(running, grey, raw):
    assert grey.vocabulary("grey") == {"colours": ["grey", "gris", "灰色"]}
    answer = raw.get("/engines/grey/vocabulary")
    assert "max-age" in answer.headers["cache-control"]
    tag = answer.headers["etag"]
    again = raw.get("/engines/grey/vocabulary", headers={"If-None-Match": f'"x", W/{tag}'})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert running.engine.words_asked == 1
    assert error_of(raw.get("/engines/other/vocabulary"))[0] == 404


def test_an_engine_without_operations_refuses_them(tmp_path):
    plain = GreyEngine(replace(GREY_CAPABILITIES, operations=(), captions=False))
    with served(plain, tmp_path) as running, httpx.Client(base_url=running.url) as raw:
        bodies = {
            "/v1/videos/preview": {"prompt": "x"},
            "/v1/videos/extensions": {"prompt": "x", "seconds": 1, "video": {"id": "y"}},
            "/v1/videos/edits": {"prompt": "x", "video": {"id": "y"}},
            "/v1/videos/y/remix": {"prompt": "x"},
            "/v1/videos/characters": {"name": "ada"},
            "/v1/videos": {"prompt": "x", "characters": [{"id": "y"}]},
        }
        for path, body in bodies.items():
            assert error_of(raw.post(path, json=body))[::2] == (400, "unsupported_operation")
    assert plain.asked == []
