"""The account of a film: what it tells, that it reads back, and what no stranger may do with it."""

import base64
import io
import json
from functools import cache

import numpy as np
import pytest
from PIL import Image

from engine.contracts import CastMember, Source, VideoRequest
from engine.engines.scene.account import FORMAT, read_account, write_account
from engine.engines.scene.capabilities import CAPABILITIES
from engine.engines.scene.production import Film, produce
from engine.errors import RequestRejected
from engine.worlds import MAX_WORLD_BYTES, WorldDocument, WorldPart, read_world, write_world

SPLASH = 'a man says "Look out!", a stone falls into the lake'


def never() -> bool:
    return False


@cache
def film() -> Film:
    return produce(VideoRequest(SPLASH, 2), 4, never)


@cache
def account() -> bytes:
    return write_account(film())


def told() -> dict:
    return json.loads(account())


def test_it_tells_every_pose_in_metres_and_quaternions():
    (shot,) = told()["shots"]
    moving = [i for i, body in enumerate(shot["world"]["bodies"]) if not body["fixed"]]
    poses = np.array(shot["poses"])
    assert poses.shape == (48, len(moving), 7)
    assert poses[..., :3] == pytest.approx(film().shots[0].motion.positions[:, moving], abs=1e-4)
    assert np.linalg.norm(poses[..., 3:], axis=2) == pytest.approx(1.0, abs=3e-4)
    assert len(shot["cameras"]) == len(shot["clock"]) == shot["frames"] == 48
    assert shot["clock"][24] == 1.0


def test_it_tells_contacts_splashes_and_words_with_their_times():
    document = told()
    (shot,) = document["shots"]
    splash = next(s for s in shot["splashes"] if s["body"] == "rock")
    stone = [b["name"] for b in shot["world"]["bodies"] if not b["fixed"]].index("rock")
    heights = [pose[stone][2] for pose in shot["poses"]]
    entered = next(i for i, height in enumerate(heights) if height < 0.2) / 24
    assert splash["seconds"] == pytest.approx(entered, abs=0.15)
    assert splash["energy"] > 0.0
    (line,) = document["spoken"]
    assert [word["text"].strip("!") for word in line["words"]] == ["Look", "out"]
    starts = [word["start"] for word in line["words"]]
    assert starts == sorted(starts)
    assert line["words"][-1]["end"] <= 2.0


def test_contacts_are_told_when_they_happen():
    fallen = produce(VideoRequest("a wooden crate falls on a court", 2), 4, never)
    (shot,) = json.loads(write_account(fallen))["shots"]
    first = shot["contacts"][0]
    assert (first["body"], first["other"]) == ("crate", None)
    heights = np.array(shot["poses"])[:, 0, 2]
    lowest = np.flatnonzero(heights < heights.min() + 0.05)[0] / 24
    assert first["seconds"] == pytest.approx(lowest, abs=0.1)
    assert first["speed"] > 1.0
    assert first["impulse"] > 0.0


def test_its_keys_are_the_documented_ones():
    document = told()
    assert document["format"] == FORMAT
    assert set(document) == {
        "format", "request", "seed", "edits", "first_shot", "start", "shots", "spoken", "state",
    }  # fmt: skip
    (shot,) = document["shots"]
    assert set(shot) == {
        "first_frame", "frames", "place", "time", "weather", "style", "mood", "direction", "clock",
        "world", "poses", "contacts", "splashes", "cameras",
    }  # fmt: skip
    assert set(shot["world"]) == {"gravity", "bodies", "joints", "actors"}
    assert set(shot["world"]["bodies"][0]) == {
        "name", "subject", "mass", "fixed", "position", "parts",
    }  # fmt: skip


def test_it_reads_back_as_what_a_film_needs():
    earlier = read_account(account())
    assert earlier.seed == 4
    assert earlier.state == film().end
    assert (earlier.start, earlier.edits, earlier.first_shot) == (None, (), 0)
    assert earlier.request.shots == film().request.shots
    again = produce(VideoRequest("at night", 2, source=Source("edit", account())), 9, never)
    assert np.array_equal(again.shots[0].motion.positions, film().shots[0].motion.positions)
    told_again = json.loads(write_account(again))
    assert told_again["edits"] == ["at night"]
    assert told_again["shots"][0]["poses"] == told()["shots"][0]["poses"]


def test_a_likeness_and_a_reference_stay_out_of_it():
    buffer = io.BytesIO()
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)
    Image.fromarray(noise).save(buffer, "PNG")
    picture = buffer.getvalue()
    cast = (CastMember("@ana", picture),)
    worn = produce(VideoRequest("@ana waves", 1, cast=cast, input_reference=picture), 4, never)
    document = write_account(worn)
    assert b"image" not in document
    assert b"characters" not in document
    assert base64.b64encode(picture)[40:80] not in document


@pytest.mark.slow
def test_the_longest_film_with_three_people_is_small_enough_to_come_back():
    three = produce(VideoRequest("two men and a woman dance on the beach", 25, fps=30), 4, never)
    document = WorldDocument(
        "scene", "360x640", 30, audio=True, seed=4, parts=(WorldPart(25, write_account(three)),)
    )
    data = write_world(document)
    assert len(data) < MAX_WORLD_BYTES
    assert read_world(data, CAPABILITIES).seconds == 25


def changed(*path, value) -> bytes:
    document = told()
    inner = document
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return json.dumps(document).encode()


def bodies(number: int) -> dict:
    still = {
        "position": [0, 0, 0],
        "rotation": [1, 0, 0, 0, 1, 0, 0, 0, 1],
        "velocity": [0, 0, 0],
        "spin": [0, 0, 0],
    }
    return {f"ball {i}": still for i in range(number)}


STONE = ("state", "bodies", "rock")
HOSTILE = {
    "nothing": b"",
    "no text": b"\xff\xfe\x00",
    "no json": b"{",
    "a list": b"[]",
    "null": b"null",
    "a number": b"1e999",
    "empty": b"{}",
    "deep": b"[" * 100_000,
    "deep objects": b'{"format":' * 50_000,
    "digits": b'{"format": ' + b"9" * 10_000 + b"}",
    "another format": lambda: changed("format", value="vignette-scene-world/2"),
    "format a list": lambda: changed("format", value=[FORMAT]),
    "seed text": lambda: changed("seed", value="4"),
    "seed true": lambda: changed("seed", value=True),
    "seed negative": lambda: changed("seed", value=-1),
    "seed huge": lambda: changed("seed", value=10**30),
    "request null": lambda: changed("request", value=None),
    "request a list": lambda: changed("request", value=["prompt"]),
    "negative seconds": lambda: changed("request", "seconds", value=-5),
    "years": lambda: changed("request", "seconds", value=10**9),
    "shot of negative seconds": lambda: changed("request", "shots", 0, "seconds", value=-1),
    "shot of years": lambda: changed("request", "shots", 0, "seconds", value=10**8),
    "no shots": lambda: changed("request", "shots", value=[]),
    "shots null": lambda: changed("request", "shots", value=None),
    "fps": lambda: changed("request", "fps", value=10**6),
    "size": lambda: changed("request", "size", value="100000x100000"),
    "prompt": lambda: changed("request", "shots", 0, "prompt", value={"a": 1}),
    "long prompt": lambda: changed("request", "shots", 0, "prompt", value="x" * 10**6),
    "first shot": lambda: changed("first_shot", value=7),
    "first shot negative": lambda: changed("first_shot", value=-1),
    "start text": lambda: changed("start", value="now"),
    "edits": lambda: changed("edits", value="night"),
    "an edit": lambda: changed("edits", value=[3]),
    "long edit": lambda: changed("edits", value=["x" * 10_000]),
    "many edits": lambda: changed("edits", value=["night"] * 10_000),
    "state null": lambda: changed("state", value=None),
    "NaN": lambda: changed(*STONE, "position", value=[float("nan"), 0, 0]),
    "infinite": lambda: changed(*STONE, "velocity", value=[float("inf"), 0, 0]),
    "far": lambda: changed(*STONE, "position", value=[1e300, 0, 0]),
    "negative clock": lambda: changed("state", "seconds", value=-3.0),
    "no rotation": lambda: changed(*STONE, "rotation", value=[1] * 9),
    "many bodies": lambda: changed("state", "bodies", value=bodies(3000)),
    "bodies a number": lambda: changed("state", "bodies", value=10**9),
}  # fmt: skip


@pytest.mark.parametrize("operation", ["extend", "edit"])
@pytest.mark.parametrize("hostile", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_account_is_refused_with_one_code(hostile, operation):
    data = hostile if isinstance(hostile, bytes) else hostile()
    with pytest.raises(RequestRejected) as refused:
        produce(VideoRequest("x", 1, source=Source(operation, data)), 1, never)
    assert (refused.value.code, refused.value.param) == ("invalid_world", "world")


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("state", "bodies", "rock", "position"), [0.0, 0.0, -90.0]),
        (("state", "bodies", "rock", "velocity"), [9e2, 9e2, 9e2]),
        (("state", "bodies", "rock", "spin"), [9e2, 0.0, 0.0]),
        (("state", "bodies", "man/pelvis", "position"), [0.0, 0.0, 900.0]),
        (("state", "bodies", "man/head", "position"), [9.0, 9.0, 9.0]),
        (("state", "bodies"), {}),
        (("state", "angles"), {"man/left_knee": 9e4}),
        (("state", "seconds"), 9e4),
        (("seed"), 2**31 - 1),
    ],
    ids=str,
)
def test_an_impossible_world_is_filmed_all_the_same(path, value):
    data = changed(*([path] if isinstance(path, str) else path), value=value)
    film = produce(VideoRequest("the rock rests", 1, source=Source("extend", data)), 1, never)
    assert len(film.shots[0].cameras) == 24
    assert np.isfinite(film.shots[0].motion.positions).all()
    assert all(np.isfinite(camera.eye).all() for camera in film.shots[0].cameras)
    assert read_account(write_account(film)).state == film.end
