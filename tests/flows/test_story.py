"""The README's story over HTTP only: invite, prompt, marked clip, feed, remix, report, reason."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urljoin

import av
import httpx
import imageio_ffmpeg
import pytest

from tests.flows.people import Moderator, Person, sign_up

PROMPT = "a red rubber ball bounces on a wooden floor next to a blue box"


@pytest.fixture(scope="module")
def author(instance) -> Iterator[Person]:
    person = sign_up(instance.base_url, invite=instance.new_invite())
    yield person
    person.http.close()


@pytest.fixture(scope="module")
def viewer(instance, author) -> Iterator[Person]:
    invite = author.post("/api/v1/invites", {"uses": 1})
    person = sign_up(instance.base_url, invite=invite["code"])
    person.put(f"/api/v1/users/{author.username}/follow")
    yield person
    person.http.close()


@pytest.fixture
def newcomer(instance) -> Iterator[Callable[[], Person]]:
    """Return a function that lets one more person join."""
    with ExitStack() as clients:

        def join() -> Person:
            person = sign_up(instance.base_url, invite=instance.new_invite())
            clients.callback(person.http.close)
            return person

        yield join


@pytest.fixture(scope="module")
def job(author) -> dict:
    started = author.generate(PROMPT, publish=True, caption="Bounce", seed=7)
    seen = []
    for _, kind, data in author.events():
        if data.get("id") == started["id"]:
            seen.append(kind)
        if kind in {"generation.ready", "generation.failed", "generation.refused"}:
            break
    done = author.wait_for(started)
    return {**done, "events": seen}


@pytest.fixture(scope="module")
def clip(job, author, viewer) -> dict:
    return viewer.get("/api/v1/feed", mode="following")["items"][0]


@pytest.fixture(scope="module")
def mp4(clip, viewer, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    path.write_bytes(viewer.media(clip["mp4_url"]).content)
    return path


def test_a_prompt_becomes_a_published_clip_in_a_followers_feed(job, clip, author):
    assert (job["state"], job["progress"]) == ("ready", 100)
    assert clip["id"] == job["clip"]
    assert clip["author"]["username"] == author.username
    assert clip["caption"] == "Bounce"
    assert clip["ai_disclosure"]["label"]
    assert (clip["width"], clip["height"]) == (360, 640)


def test_the_author_hears_progress_and_the_end_once(job):
    assert job["events"].count("generation.ready") == 1
    assert "generation.progress" in job["events"]


def test_the_clip_plays_with_sound_and_answers_ranges(clip, mp4, viewer):
    with av.open(str(mp4)) as container:
        assert {stream.type for stream in container.streams} == {"video", "audio"}
        frames = sum(1 for _ in container.decode(video=0))
    assert frames == pytest.approx(clip["seconds"] * 24, abs=1)
    part = viewer.media(clip["mp4_url"], Range="bytes=100-199")
    assert (part.status_code, part.content) == (206, mp4.read_bytes()[100:200])


def test_every_delivered_file_is_trusted_and_one_flipped_byte_is_not(clip, mp4, viewer):
    assert viewer.verify(mp4.read_bytes(), "clip.mp4")["manifest"]["state"] == "trusted"
    renditions = _renditions(viewer, clip["hls_url"])
    assert len(renditions) == 2
    for data in renditions:
        assert viewer.verify(data, "rendition.mp4")["manifest"]["state"] == "trusted"
    poster = viewer.media(clip["poster_url"]).content
    assert viewer.verify(poster, "poster.jpg")["manifest"]["state"] == "trusted"
    for data, name in ((mp4.read_bytes(), "clip.mp4"), *((r, "r.mp4") for r in renditions)):
        flipped = bytearray(data)
        flipped[-2000] ^= 1
        assert viewer.verify(bytes(flipped), name)["manifest"]["state"] == "invalid"


def test_the_invisible_mark_names_the_clip_after_a_rough_reencode(clip, mp4, viewer, tmp_path):
    small = tmp_path / "small.mp4"
    subprocess.run(
        [
            imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", mp4, "-vf", "scale=180:320",
            "-c:v", "libx264", "-crf", "28", "-an", small,
        ],
        check=True,
        timeout=60,
    )  # fmt: skip
    found = viewer.verify(small.read_bytes(), "small.mp4")
    assert found["manifest"]["state"] == "absent"
    assert found["clip"]["id"] == clip["id"]


def test_a_remix_names_its_parent_and_root_and_carries_it_as_an_ingredient(clip, viewer, author):
    first = viewer.wait_for(
        viewer.generate(
            "a golden ball rolls down the street",
            remix_of={"clip": clip["id"], "kind": "remix"},
            publish=True,
        )
    )
    second = author.wait_for(
        author.generate(
            "a glass marble falls on the beach",
            remix_of={"clip": first["clip"], "kind": "remix"},
            publish=True,
        )
    )
    card = viewer.get(f"/api/v1/clips/{second['clip']}")
    assert card["remix"]["parent"]["id"] == first["clip"]
    assert card["remix"]["root"]["id"] == clip["id"]
    lineage = viewer.get(f"/api/v1/clips/{second['clip']}/lineage")
    assert [step["clip"]["id"] for step in lineage["ancestors"]] == [first["clip"], clip["id"]]
    data = viewer.media(card["mp4_url"]).content
    manifest = viewer.verify(data, "remix.mp4")["manifest"]
    assert manifest["state"] == "trusted"
    assert manifest["ingredients"] == 1


def test_a_reported_clip_leaves_at_once_and_its_author_reads_the_moderators_reason(
    instance, author, newcomer
):
    reporter = newcomer()
    job = author.wait_for(author.generate("three green balls roll on a beach", publish=True))
    clip_id = job["clip"]
    assert clip_id in _feed_ids(reporter)
    reporter.post(
        "/api/v1/reports",
        {"subject": {"kind": "clip", "id": clip_id}, "reason": "other", "text": "too green"},
    )
    assert clip_id not in _feed_ids(reporter)
    assert clip_id in _feed_ids(author)

    judge = newcomer()
    instance.manage("staff", judge.username, "--role", "moderator")
    with httpx.Client(base_url=instance.base_url) as http:
        moderator = Moderator(http)
        moderator.sign_in(judge.username)
        moderator.decide(clip_id, action="hide", reason="Green beyond measure.")
        assert clip_id not in _feed_ids(author)
        statement = author.get("/api/v1/me/moderation")["items"][0]
        assert statement["subject"]["id"] == clip_id
        assert statement["reason"] == "Green beyond measure."
        moderator.decide(clip_id, action="restore", reason="On second thought, lovely.")
    assert clip_id in _feed_ids(author)
    assert clip_id not in _feed_ids(reporter)


def test_an_outsider_sees_nothing(instance, clip):
    with httpx.Client(base_url=instance.base_url) as stranger:
        for path in ("/api/v1/feed", f"/api/v1/clips/{clip['id']}", "/api/v1/generations"):
            answer = stranger.get(path)
            assert answer.status_code == 401
            assert answer.headers["content-type"] == "application/problem+json"


def _renditions(person: Person, hls_url: str) -> list[bytes]:
    """Return each rendition's single media file, found the way a player finds it."""
    master_url = urljoin(str(person.http.base_url), hls_url)
    master = person.media(master_url).text
    playlists = [line for line in master.splitlines() if line and not line.startswith("#")]
    files = []
    for playlist in playlists:
        playlist_url = urljoin(master_url, playlist)
        lines = person.media(playlist_url).text.splitlines()
        name = next(line for line in lines if line and not line.startswith("#"))
        files.append(person.media(urljoin(playlist_url, name)).content)
    return files


def _feed_ids(person: Person) -> list[str]:
    page = person.get("/api/v1/feed", mode="latest", limit=50)
    return [card["id"] for card in page["items"]]
