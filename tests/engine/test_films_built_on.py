"""Extending, editing and remixing for engines that build on films: kept ones, and strangers'."""

import subprocess
from dataclasses import replace

import av
import httpx
import numpy as np
import openai
import pytest

from engine.client import EngineClient
from engine.contracts import Change
from engine.errors import EngineBusy, RequestRejected, VideoNotReady
from engine.footage import read_frames
from engine.mp4 import SAMPLE_RATE_HZ, write_mp4
from tests.engine.film_greys import FilmGreyEngine
from tests.engine.grey import (
    SIZE,
    SPOKEN,
    error_of,
    finished,
    greys,
    key,
    made,
    shines,
    sound_seconds,
    until,
)
from tests.fakes.engine import served
from transcode.ffmpeg import ffmpeg_executable

CLIP = replace(SPOKEN, model="film-grey")


@pytest.fixture
def running(tmp_path):
    with served(FilmGreyEngine(), tmp_path / "state") as serving:
        until(lambda: httpx.get(serving.url + "/health").status_code == 200)
        yield serving
        serving.engine.may_render.set()


def greyscale(first: int, count: int, size=(64, 64)) -> list[np.ndarray]:
    return [
        np.full((size[1], size[0], 3), grey, np.uint8)
        for grey in shines(range(first, first + count))
    ]


def film(to, *, first=0, count=24, size=(64, 64), fps=24, sound=None):
    write_mp4(to, greyscale(first, count, size), size=size, fps=fps, sound=sound)
    return to


def coded(film, to, *options: str):
    command = [ffmpeg_executable(), "-y", "-i", str(film), *options, str(to)]
    subprocess.run(command, check=True, capture_output=True)
    return to


def heard(film) -> np.ndarray:
    with av.open(str(film)) as clip:
        parts = [frame.to_ndarray() for frame in clip.decode(audio=0)]
    return np.concatenate(parts, axis=1).T


def left_over(running, *video_ids: str) -> list[str]:
    """Files of the server that are of no video, or of one of these but not to be kept."""
    kept = {f"{video}{suffix}" for video in video_ids for suffix in (".mp4", ".vtt")}
    return sorted({file.name for file in (running.state / "videos").iterdir()} - kept)


def test_the_capabilities_say_what_it_builds_on(running, grey):
    can = grey.capabilities()
    assert (can.builds_on, can.max_shot_seconds, can.max_seconds) == ("film", 2, 4)


def test_an_extension_shows_the_film_and_goes_on_from_its_last_frame(running, grey, tmp_path):
    video = made(grey, CLIP)
    before = (running.state / "videos" / f"{video}.mp4").read_bytes()
    longer = finished(grey, grey.extend(video, Change("on"), seconds=2, idempotency_key=key()).id)
    assert (longer.status, longer.seconds, longer.seed) == ("completed", 3.0, 7)
    assert greys(grey, longer.id, tmp_path) == pytest.approx(shines(range(72)), abs=2)
    assert sound_seconds(tmp_path / "clip.mp4") == pytest.approx(3.0, abs=0.03)
    (source,) = [request.source for request in running.engine.asked if request.source]
    assert (source.operation, source.world) == ("extend", b"")
    assert not source.film.exists()
    assert left_over(running, video, longer.id) == []
    assert (running.state / "videos" / f"{video}.mp4").read_bytes() == before


def test_the_parents_frames_come_first_unchanged(running, grey, tmp_path):
    video = made(grey, CLIP)
    longer = finished(grey, grey.extend(video, Change("on"), seconds=1, idempotency_key=key()).id)
    grey.download(video, tmp_path / "parent.mp4")
    grey.download(longer.id, tmp_path / "longer.mp4")
    parent = read_frames(tmp_path / "parent.mp4", range(24))
    assert np.array_equal(read_frames(tmp_path / "longer.mp4", range(24)), parent)


def test_captions_of_the_film_stay_and_the_new_ones_come_later(grey):
    video = made(grey, CLIP)
    change = Change('She answers "Good day."')
    longer = finished(grey, grey.extend(video, change, seconds=1, idempotency_key=key()).id)
    assert grey.captions(longer.id) == (
        "WEBVTT\n\n00:00:00.250 --> 00:00:00.750\n<v Somebody>Hello there.\n\n"
        "00:00:01.250 --> 00:00:01.750\n<v Somebody>Good day.\n"
    )


def test_sounds_that_meet_at_a_joint_are_faded_there(running, grey, tmp_path):
    video = made(grey, CLIP)
    longer = finished(grey, grey.extend(video, Change("on"), seconds=1, idempotency_key=key()).id)
    grey.download(longer.id, tmp_path / "clip.mp4")
    sound = heard(tmp_path / "clip.mp4")
    loudness = np.abs(sound).max(axis=1)
    joint = loudness[SAMPLE_RATE_HZ - 48 : SAMPLE_RATE_HZ + 48].max()
    assert joint < 0.2 * loudness[SAMPLE_RATE_HZ // 2 :][:4800].max()


def test_a_long_film_is_edited_in_equal_stretches(running, grey, tmp_path):
    video = made(grey, CLIP)
    longer = finished(grey, grey.extend(video, Change("on"), seconds=2, idempotency_key=key()).id)
    edited = finished(grey, grey.edit(longer.id, Change("invert"), idempotency_key=key()).id)
    assert edited.seconds == 3.0
    inverted = [255 - grey for grey in shines(range(72))]
    assert greys(grey, edited.id, tmp_path) == pytest.approx(inverted, abs=3)
    edits = [(r.seconds, r.source.begins_seconds) for r in running.engine.asked[2:]]
    assert edits == [(1, 0), (2, 1)]
    assert left_over(running, video, longer.id, edited.id) == []


def test_stretches_of_a_strangers_film_share_one_seed(running, grey, tmp_path):
    theirs = film(tmp_path / "theirs.mp4", count=72)
    running.engine.seed = 41  # that it draws
    video = finished(grey, grey.edit(theirs, Change("x"), idempotency_key=key()).id)
    assert video.seed == 41
    assert [request.seed for request in running.engine.asked] == [None, 41]


def test_a_remix_is_an_edit_of_a_kept_video(grey, raw, tmp_path):
    video = made(grey, CLIP)
    answer = raw.post(f"/videos/{video}/remix", json={"prompt": "invert"}).json()
    assert answer["remixed_from_video_id"] == video
    assert finished(grey, answer["id"]).status == "completed"
    inverted = [255 - grey for grey in shines(range(24))]
    assert greys(grey, answer["id"], tmp_path) == pytest.approx(inverted, abs=3)


def test_a_strangers_film_is_extended_in_our_size_and_rate(running, grey, tmp_path):
    sound = np.full((SAMPLE_RATE_HZ * 2, 2), 0.5, np.float32)
    sound *= np.sin(np.arange(len(sound)) / 10)[:, None].astype(np.float32)
    mine = film(tmp_path / "mine.mp4", count=60, size=(300, 200), fps=30, sound=sound)
    theirs = coded(mine, tmp_path / "theirs.webm", "-c:v", "libvpx-vp9", "-c:a", "libopus")
    video = finished(grey, grey.extend(theirs, Change("on"), seconds=1, idempotency_key=key()).id)
    assert (video.status, video.seconds, video.size) == ("completed", 3.0, "96x64")
    lighter = greys(grey, video.id, tmp_path)
    assert len(lighter) == 90
    assert lighter[:85] == pytest.approx(shines(range(85)), abs=4)  # then it shines with 255
    sound = heard(tmp_path / "clip.mp4")
    assert np.sqrt((sound[: 2 * SAMPLE_RATE_HZ] ** 2).mean()) == pytest.approx(0.35, abs=0.03)
    assert running.engine.asked[0].size == "96x64"
    assert left_over(running, video.id) == []


def test_a_strangers_film_is_edited_and_what_is_over_its_last_second_is_cut(grey, tmp_path):
    theirs = film(tmp_path / "theirs.mp4", count=33)
    video = finished(grey, grey.edit(theirs, Change("invert"), idempotency_key=key()).id)
    assert (video.status, video.seconds, video.size) == ("completed", 1.0, SIZE)
    inverted = [255 - grey for grey in shines(range(24))]
    assert greys(grey, video.id, tmp_path) == pytest.approx(inverted, abs=3)


def test_a_film_that_a_phone_took_sideways_is_seen_upright(running, grey, tmp_path):
    upright = film(tmp_path / "upright.mp4", size=(64, 96))
    lying = [ffmpeg_executable(), "-y", "-display_rotation", "90", "-i", str(upright)]
    sideways = tmp_path / "sideways.mp4"
    subprocess.run([*lying, "-c", "copy", str(sideways)], check=True, capture_output=True)
    assert grey.edit(upright, Change("x"), idempotency_key=key()).size == SIZE
    assert grey.edit(sideways, Change("x"), idempotency_key=key()).size == "96x64"


@pytest.mark.filterwarnings("ignore:The Sora API:DeprecationWarning")
def test_a_file_of_ours_is_the_kept_video(running, grey, official, tmp_path):
    video = made(grey, CLIP)
    grey.download(video, tmp_path / "ours.mp4")
    edited = grey.edit(tmp_path / "ours.mp4", Change("x"), idempotency_key=key())
    told = httpx.get(f"{running.url}/v1/videos/{edited.id}").json()
    assert told["remixed_from_video_id"] == video
    content = (tmp_path / "ours.mp4").read_bytes()
    assert official.videos.extend(prompt="on", seconds="1", video=content).seconds == "2"


@pytest.mark.filterwarnings("ignore:The Sora API:DeprecationWarning")
def test_the_official_client_sends_any_film(official, tmp_path):
    theirs = film(tmp_path / "theirs.mp4").read_bytes()
    edited = official.videos.edit(prompt="invert", video=("a.mp4", theirs, "video/mp4"))
    done = official.videos.poll(edited.id, poll_interval_ms=20)
    assert (done.status, done.seconds, done.remixed_from_video_id) == ("completed", "1", None)
    with pytest.raises(openai.BadRequestError) as refused:
        official.videos.extend(prompt="on", seconds="1", video=b"no film")
    assert (refused.value.param, refused.value.code) == ("video", "video_unusable")


def test_equal_uploads_are_one_request_and_others_are_not(running, grey, tmp_path):
    first, second = film(tmp_path / "a.mp4"), tmp_path / "b.mp4"
    second.write_bytes(first.read_bytes())
    same = key()
    video = grey.edit(first, Change("x"), idempotency_key=same)
    assert grey.edit(second, Change("x"), idempotency_key=same).id == video.id
    with pytest.raises(RequestRejected) as refused:
        grey.edit(film(tmp_path / "c.mp4", first=9), Change("x"), idempotency_key=same)
    assert refused.value.code == "idempotency_key_reused"
    finished(grey, video.id)
    assert len(running.engine.asked) == 1
    assert left_over(running, video.id) == []


def test_a_cancelled_order_leaves_no_upload(running, grey, tmp_path):
    theirs = film(tmp_path / "theirs.mp4")
    running.engine.may_render.clear()
    rendering, waiting = (grey.edit(theirs, Change("x"), idempotency_key=key()) for _ in range(2))
    until(lambda: running.engine.films)
    assert set(left_over(running)) == {f"{rendering.id}.stock.mp4", f"{waiting.id}.upload"}
    for video in (waiting, rendering):
        grey.cancel(video.id)
    until(lambda: left_over(running) == [])


def test_a_failed_order_leaves_no_upload(running, grey, tmp_path):
    running.engine.films = None  # which breaks it
    theirs = film(tmp_path / "theirs.mp4")
    video = grey.edit(theirs, Change("x"), idempotency_key=key())
    assert finished(grey, video.id).error.code == "engine_error"
    assert left_over(running) == []


def test_a_full_queue_keeps_no_upload(running, grey, tmp_path):
    theirs = film(tmp_path / "theirs.mp4")
    running.engine.may_render.clear()
    first = grey.edit(theirs, Change("x"), idempotency_key=key())
    until(lambda: running.engine.films)
    waiting = [grey.edit(theirs, Change("x"), idempotency_key=key()) for _ in range(32)]
    kept = left_over(running)
    with pytest.raises(EngineBusy):
        grey.edit(theirs, Change("x"), idempotency_key=key())
    assert left_over(running) == kept
    for video in [*waiting, first]:
        grey.cancel(video.id)


def refused_by(client: EngineClient, file) -> tuple[str | None, str]:
    with pytest.raises(RequestRejected) as refused:
        client.edit(file, Change("x"), idempotency_key=key())
    return refused.value.param, refused.value.code


def test_what_is_no_film_for_us_is_refused_and_leaves_nothing(running, grey, tmp_path):
    short = film(tmp_path / "short.mp4", count=20)
    whole = film(tmp_path / "whole.mp4").read_bytes()
    begins = whole.index(b"mdat") + 4
    damaged = tmp_path / "damaged.mp4"
    damaged.write_bytes(whole[:begins] + bytes(len(whole) - begins))
    old = coded(film(tmp_path / "a.mp4"), tmp_path / "old.mp4", "-c:v", "mpeg4")
    playlist = tmp_path / "list.txt"
    playlist.write_text(f"ffconcat version 1.0\nfile '{tmp_path / 'a.mp4'}'\n")
    deaf = tmp_path / "deaf.mp4"
    silence = [ffmpeg_executable(), "-y", "-f", "lavfi", "-i", "sine=d=1", str(deaf)]
    subprocess.run(silence, check=True, capture_output=True)
    wide = film(tmp_path / "wide.mp4", count=1, size=(4098, 16), fps=1)
    slow = film(tmp_path / "slow.mp4", count=62, size=(16, 16), fps=1)
    assert refused_by(grey, short) == ("video", "video_too_short")
    assert refused_by(grey, slow) == ("video", "video_too_long")
    assert refused_by(grey, old) == ("video", "unsupported_codec")
    for file in (playlist, deaf, wide, damaged):
        assert refused_by(grey, file) == ("video", "video_unusable")
    assert running.engine.asked == []
    assert left_over(running) == []


def test_a_film_of_too_many_bytes_is_refused(grey, raw, tmp_path, monkeypatch):
    large = tmp_path / "large.mp4"
    with large.open("wb") as file:
        file.truncate(64 * 1024 * 1024 + 1)
    assert refused_by(grey, large) == ("video", "file_too_large")
    for path, kind, size in [
        ("edits", "multipart/form-data; boundary=x", 80_000_000),
        ("edits", "application/json", 12_000_000),
        ("", "multipart/form-data; boundary=x", 12_000_000),
    ]:
        to = f"/videos/{path}".rstrip("/")
        answer = raw.post(to, content=bytes(size), headers={"content-type": kind})
        assert error_of(answer) == (413, None, "request_too_large")


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"world": {}}, "video"),
        ({"video": "https://example.com/film.mp4"}, "video"),
        ({"video": {"image_url": "data:video/mp4;base64,AAAA"}}, "video"),
    ],
)
def test_only_ids_and_files_are_taken(running, raw, body, param):
    answer = raw.post("/videos/edits", json={"prompt": "x", **body})
    assert error_of(answer)[:2] == (400, param)
    assert running.engine.asked == []


def test_a_film_that_is_not_done_cannot_be_built_on(running, grey):
    running.engine.may_render.clear()
    video = grey.submit(CLIP, idempotency_key=key())
    with pytest.raises(VideoNotReady):
        grey.extend(video.id, Change("on"), seconds=1, idempotency_key=key())


def test_a_take_is_shorter_than_a_clip(running, raw):
    shots = [{"prompt": "a", "seconds": 2}, {"prompt": "b", "seconds": 2}]
    assert raw.post("/videos", json={"prompt": "x", "shots": shots}).json()["seconds"] == "4"
    assert error_of(raw.post("/videos", json={"prompt": "x", "seconds": 3}))[:2] == (400, "seconds")
    long = [{"prompt": "a", "seconds": 3}]
    answer = raw.post("/videos", json={"prompt": "x", "shots": long})
    assert error_of(answer)[:2] == (400, "shots[0].seconds")
    body = {"prompt": "x", "video": {"id": "y"}, "seconds": 3}
    assert error_of(raw.post("/videos/extensions", json=body))[:2] == (400, "seconds")


def test_a_film_that_lies_about_its_length_holds_its_last_picture(tmp_path):
    frames = read_frames(film(tmp_path / "short.mp4", count=3), [0, 2, 5, 9])
    assert [round(frame.mean()) for frame in frames] == pytest.approx([0, 6, 6, 6], abs=1)
