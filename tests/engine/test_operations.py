"""What builds on a video, or stands beside it: extend, edit, remix, captions, world.

Over HTTP against a small real engine, by our client and by OpenAI's own.
"""

import json
from dataclasses import dataclass, fields, replace

import openai
import pytest

from engine.contracts import CastMember, Change, EngineCapabilities
from engine.errors import EngineError, RequestRejected, VideoNotFound, VideoNotReady
from tests.engine.examples import GREY_CAPABILITIES
from tests.engine.grey import (
    SIZE,
    SPOKEN,
    error_of,
    finished,
    greys,
    key,
    made,
    picture,
    shines,
    sound_seconds,
)


def test_what_is_spoken_comes_as_captions(grey, raw):
    video_id = made(grey)
    assert grey.retrieve(video_id).has_captions
    answer = raw.get(f"/videos/{video_id}/content", params={"variant": "captions"})
    assert answer.headers["content-type"] == "text/vtt; charset=utf-8"
    assert answer.text == "WEBVTT\n\n00:00.250 --> 00:00.750\n<v Somebody>Hello there.\n"
    assert grey.captions(video_id) == answer.text


def test_a_silent_video_has_no_captions_and_says_so(grey, raw):
    video_id = made(grey, replace(SPOKEN, prompt="A ball"))
    assert not grey.retrieve(video_id).has_captions
    assert grey.captions(video_id) == ""
    answer = raw.get(f"/videos/{video_id}/content", params={"variant": "captions"})
    assert error_of(answer) == (404, "variant", "content_not_found")


def test_the_world_of_a_video_can_be_inspected(grey, raw):
    video_id = made(grey)
    answer = raw.get(f"/videos/{video_id}/content", params={"variant": "world"})
    assert answer.headers["content-type"] == "application/json"
    world = {"first": 0, "last": 23, "deep": {"list": [1.5, None, "ä"]}}
    assert answer.json() == {
        "engine": "grey",
        "size": SIZE,
        "fps": 24,
        "audio": True,
        "seed": 7,
        "parts": [{"seconds": 1, "world": world}],
    }
    assert grey.world(video_id) == answer.content


def test_captions_and_world_go_with_their_video(running, grey):
    video_id = made(grey)
    extension = grey.extend(video_id, Change("on"), seconds=1, idempotency_key=key())
    finished(grey, extension.id)
    for each in (video_id, extension.id):
        grey.cancel(each)
        with pytest.raises(VideoNotFound):
            grey.world(each)
    assert not list((running.state / "videos").iterdir())


def test_a_video_that_is_not_done_has_neither_captions_nor_a_sequel(running, grey):
    running.engine.may_render.clear()
    video = grey.submit(SPOKEN, idempotency_key=key())
    for ask in (grey.captions, grey.world):
        with pytest.raises(VideoNotReady):
            ask(video.id)
    with pytest.raises(VideoNotReady):
        grey.edit(video.id, Change("invert"), idempotency_key=key())


def test_thirty_frames_a_second_pass_through(grey, tmp_path):
    video_id = made(grey, replace(SPOKEN, fps=30))
    assert len(greys(grey, video_id, tmp_path)) == 30


def test_an_extension_shows_the_video_and_what_happens_next_without_a_seam(grey, tmp_path):
    video_id = made(grey)
    change = Change('She answers "Good day."')
    video = finished(grey, grey.extend(video_id, change, seconds=2, idempotency_key=key()).id)
    assert (video.status, video.seconds, video.seed) == ("completed", 3.0, 7)
    assert greys(grey, video.id, tmp_path) == pytest.approx(shines(range(72)), abs=2)
    assert sound_seconds(tmp_path / "clip.mp4") == pytest.approx(3.0, abs=0.03)
    assert grey.captions(video.id) == (
        "WEBVTT\n\n00:00:00.250 --> 00:00:00.750\n<v Somebody>Hello there.\n\n"
        "00:00:01.250 --> 00:00:01.750\n<v Somebody>Good day.\n"
    )


def test_an_extension_of_an_extension_goes_on_and_is_edited_as_a_whole(running, grey, tmp_path):
    video_id = made(grey, replace(SPOKEN, audio=False))
    for _ in range(2):
        video_id = grey.extend(video_id, Change("on"), seconds=1, idempotency_key=key()).id
        assert finished(grey, video_id).status == "completed"
    assert greys(grey, video_id, tmp_path) == pytest.approx(shines(range(72)), abs=2)
    edited = finished(grey, grey.edit(video_id, Change("invert"), idempotency_key=key()).id)
    assert edited.seconds == 3.0
    inverted = [255 - grey for grey in shines(range(72))]
    assert greys(grey, edited.id, tmp_path) == pytest.approx(inverted, abs=2)
    assert [r.source.operation for r in running.engine.asked[1:]] == ["extend"] * 2 + ["edit"] * 3
    assert not running.engine.asked[-1].audio


def test_a_video_may_expire_while_its_extension_waits(running, grey, tmp_path):
    video_id = made(grey)
    running.engine.may_render.clear()
    extension = grey.extend(video_id, Change("on"), seconds=1, idempotency_key=key())
    grey.cancel(video_id)
    running.engine.may_render.set()
    assert finished(grey, extension.id).status == "completed"
    assert len(greys(grey, extension.id, tmp_path)) == 48


def test_a_video_that_is_gone_is_continued_from_its_world(grey, tmp_path):
    video_id = made(grey)
    world = grey.world(video_id)
    grey.cancel(video_id)
    with pytest.raises(VideoNotFound):
        grey.extend(video_id, Change("on"), seconds=1, idempotency_key=key())
    video = finished(grey, grey.extend(world, Change("on"), seconds=1, idempotency_key=key()).id)
    assert video.seconds == 1.0
    assert greys(grey, video.id, tmp_path) == pytest.approx(shines(range(24, 48)), abs=2)
    edited = finished(grey, grey.edit(world, Change("invert"), idempotency_key=key()).id)
    assert greys(grey, edited.id, tmp_path)[0] == pytest.approx(255, abs=2)


def test_what_a_change_does_not_name_stays_and_what_it_names_changes(running, grey):
    face = CastMember("@ada", picture())
    request = replace(
        SPOKEN, size="96x64", style="noir", negative_prompt="rain", cast=(face,), fps=30, seed=3
    )
    video_id = made(grey, request)
    asked = running.engine.asked[0]
    assert [member.name for member in asked.cast] == ["@ada"]
    first = grey.edit(video_id, Change("invert"), idempotency_key=key())
    other = CastMember("@bob", picture(colour="blue"))
    change = Change("dark", seed=9, style="clay", negative_prompt="fog", cast=(other,))
    second = grey.edit(video_id, change, idempotency_key=key())
    assert finished(grey, first.id).status == finished(grey, second.id).status == "completed"
    kept, changed = running.engine.asked[1:]
    source = kept.source
    assert kept == replace(asked, prompt="invert", source=source)
    assert (changed.seed, changed.style, changed.negative_prompt) == (9, "clay", "fog")
    assert [member.name for member in changed.cast] == ["@bob"]
    assert (changed.size, changed.fps, changed.source) == ("96x64", 30, source)


def test_the_same_key_extends_once(running, grey):
    video_id, same = made(grey), key()

    def ask(seconds: int):
        return grey.extend(video_id, Change("on"), seconds=seconds, idempotency_key=same)

    first = ask(1)
    assert ask(1).id == first.id
    with pytest.raises(RequestRejected) as refused:
        ask(2)
    assert refused.value.code == "idempotency_key_reused"
    finished(grey, first.id)
    assert len(running.engine.asked) == 2


def test_a_remix_names_the_video_it_comes_from(grey, raw):
    video_id = made(grey)
    answer = raw.post(f"/videos/{video_id}/remix", json={"prompt": "invert"}).json()
    assert (answer["remixed_from_video_id"], answer["prompt"]) == (video_id, "invert")
    assert finished(grey, answer["id"]).status == "completed"
    assert error_of(raw.post("/videos/none/remix", json={"prompt": "x"}))[0] == 404
    wrong = raw.post(f"/videos/{video_id}/remix", json={"prompt": "x", "video": {"id": "y"}})
    assert error_of(wrong) == (400, "video", "unknown_parameter")


@pytest.mark.parametrize("operation", ["extensions", "edits"])
@pytest.mark.parametrize(
    ("change", "param", "code"),
    [
        ({"prompt": None}, "prompt", "missing_required_parameter"),
        ({"video": None}, "video", "missing_required_parameter"),
        ({"video": "video_1"}, "video", "invalid_value"),
        ({"video": {"id": 5}}, "video", "invalid_value"),
        ({"video": {"id": "a", "url": "b"}}, "video", "invalid_value"),
        ({"world": {}}, "world", "invalid_value"),
        ({"size": "64x64"}, "size", "unknown_parameter"),
        ({"seed": -1}, "seed", "invalid_value"),
        ({"style": "x" * 201}, "style", "string_above_max_length"),
        ({"prompt": "a\ud800b"}, "prompt", "invalid_value"),
    ],
)
def test_wrong_changes_are_refused_with_their_field(refusing, operation, change, param, code):
    body = {"prompt": "on", "video": {"id": "video_1"}, **change}
    body |= {"seconds": 1} if operation == "extensions" else {}
    body = {name: value for name, value in body.items() if value is not None}
    answer = refusing.post(
        f"/videos/{operation}",
        content=json.dumps(body).encode(),
        headers={"content-type": "application/json"},
    )
    assert error_of(answer) == (400, param, code)
    assert refusing.get("/videos").json()["data"] == []


@pytest.mark.parametrize(
    ("seconds", "code"),
    [
        (None, "missing_required_parameter"),
        (0, "invalid_value"),
        (4, "invalid_value"),
        ("soon", "invalid_type"),
    ],
)
def test_a_wrong_length_of_an_extension_is_refused(grey, raw, seconds, code):
    body = {"prompt": "on", "video": {"id": made(grey)}, "seconds": seconds}
    answer = raw.post("/videos/extensions", json=body)
    assert error_of(answer) == (400, "seconds", code)


def test_a_film_grows_only_so_long(grey, raw):
    document = json.loads(grey.world(made(grey)))
    document["parts"] = document["parts"] * 32
    body = {"prompt": "on", "world": document, "seconds": 1}
    assert error_of(raw.post("/videos/extensions", json=body))[:2] == (400, "seconds")


@dataclass(frozen=True, slots=True)
class NewerCapabilities(EngineCapabilities):
    smells: bool = True


def test_a_newer_engine_may_say_more_than_the_client_knows(running, grey, raw):
    said = {each.name: getattr(GREY_CAPABILITIES, each.name) for each in fields(EngineCapabilities)}
    running.engine.capabilities = NewerCapabilities(**said)
    assert raw.get("/engines").json()["data"][0]["smells"] is True
    assert grey.capabilities() == GREY_CAPABILITIES


def test_the_client_refuses_answers_that_are_too_large_or_no_captions(running, grey, monkeypatch):
    video_id = made(grey)
    monkeypatch.setattr("engine.client.MAX_CAPTIONS_BYTES", 10)
    monkeypatch.setattr("engine.client.MAX_WORLD_BYTES", 10)
    monkeypatch.setattr("engine.client.MAX_PREVIEW_BYTES", 10)
    for ask in (
        lambda: grey.captions(video_id),
        lambda: grey.world(video_id),
        lambda: grey.preview(SPOKEN),
    ):
        with pytest.raises(EngineError) as refused:
            ask()
        assert refused.value.code == "answer_too_large"
    monkeypatch.undo()
    captions = next((running.state / "videos").glob("*.vtt"))
    for wrong in (b"<html>", b"\xff\xfe", b"WEBVTT\n\x00"):
        captions.write_bytes(wrong)
        with pytest.raises(EngineError) as refused:
            grey.captions(video_id)
        assert (refused.value.code, refused.value.is_retryable) == ("invalid_captions", False)


@pytest.mark.filterwarnings("ignore:The Sora API:DeprecationWarning")
def test_the_official_client_extends_edits_remixes_and_casts(official, running, tmp_path):
    videos = official.videos
    source = videos.create_and_poll(
        prompt='A man says "Hello."', seconds="1", size=SIZE, poll_interval_ms=20
    )
    content = videos.download_content(source.id).read()
    # By its types, version 3.51 takes `video={"id": …}`; by its code, files alone.
    extended = videos.poll(
        videos.extend(prompt="on", seconds="2", video=content).id, poll_interval_ms=20
    )
    assert (extended.status, extended.seconds) == ("completed", "3")
    named = videos.extend(
        prompt="on", seconds="1", video=openai.omit, extra_body={"video": {"id": extended.id}}
    )
    assert videos.poll(named.id, poll_interval_ms=20).seconds == "4"
    edited = videos.edit(prompt="invert", video=("clip.mp4", content, "video/mp4"))
    assert videos.poll(edited.id, poll_interval_ms=20).remixed_from_video_id == source.id
    remix = videos.remix(source.id, prompt="invert")
    assert videos.poll(remix.id, poll_interval_ms=20).remixed_from_video_id == source.id
    assert len(videos.list().data) == 5

    ada = videos.create_character(name="Ada", video=("ada.png", picture(), "image/png"))
    moving = videos.create_character(name="Bo", video=("bo.mp4", content, "video/mp4"))
    assert videos.get_character(ada.id).name == "Ada"
    cast = videos.create_and_poll(
        prompt="@Ada and @Bo wave",
        size=SIZE,
        seconds="2",
        poll_interval_ms=20,
        extra_body={
            "characters": [{"id": ada.id}, {"id": moving.id}],
            "shots": [{"prompt": "a", "seconds": 1}, {"prompt": "b", "seconds": 1}],
        },
    )
    assert cast.status == "completed"
    asked = running.engine.asked[-1]
    assert [member.name for member in asked.cast] == ["@Ada", "@Bo"]
    assert [shot.prompt for shot in asked.shots] == ["a", "b"]
    with pytest.raises(openai.BadRequestError) as refused:
        videos.extend(prompt="on", seconds="1", video=b"some other file")
    assert (refused.value.param, refused.value.code) == ("video", "video_not_known")
    with pytest.raises(openai.NotFoundError):
        videos.get_character("char_none")
