"""Worlds of unknown origin: refused with the field that is wrong, and the worker lives."""

import json
from collections.abc import Iterator

import pytest

from engine.contracts import Change
from tests.engine.grey import SIZE, error_of, finished, key, made

WORLD = {
    "engine": "grey",
    "size": SIZE,
    "fps": 24,
    "audio": True,
    "seed": 1,
    "parts": [{"seconds": 1, "world": {"first": 0, "last": 23}}],
}


def worlds() -> Iterator[tuple[str, str, str, str]]:
    good = json.dumps(WORLD)
    last = '"last": 23'
    yield "empty", "", "world", "invalid_value"
    yield "no json", "{", "world", "invalid_value"
    yield "a list", "[]", "world", "invalid_value"
    yield "null", "null", "world", "invalid_value"
    yield "NaN", good.replace(last, '"last": NaN'), "world", "invalid_value"
    yield "infinity", good.replace(last, '"last": -Infinity'), "world", "invalid_value"
    yield "1e999", good.replace(last, '"last": 1e999'), "world", "invalid_value"
    yield "a huge integer", good.replace(last, f'"last": {10**30}'), "world", "invalid_value"
    yield "long digits", good.replace(last, f'"last": {"9" * 9000}'), "world", "invalid_value"
    deep = good.replace(last, f'"last": {"[" * 100}{"]" * 100}')
    yield "deep", deep, "world", "invalid_value"
    yield "very deep", "[" * 200_000, "world", "invalid_value"
    yield "large", json.dumps({**WORLD, "seed": "x" * 5_000_000}), "world", "world_too_large"
    other = json.dumps({**WORLD, "engine": "scene"})
    yield "another engine's", other, "world", "world_of_another_engine"
    yield "no engine", json.dumps({**WORLD, "engine": None}), "world", "world_of_another_engine"
    yield "more", json.dumps({**WORLD, "more": 1}), "world", "invalid_value"
    yield "size", json.dumps({**WORLD, "size": ["64x64"]}), "world.size", "invalid_value"
    yield "fps", json.dumps({**WORLD, "fps": 25}), "world.fps", "invalid_value"
    yield "fps of a kind", json.dumps({**WORLD, "fps": {}}), "world.fps", "invalid_type"
    yield "audio", json.dumps({**WORLD, "audio": 1}), "world.audio", "invalid_type"
    yield "seed", json.dumps({**WORLD, "seed": 2**31}), "world.seed", "invalid_value"
    yield "no parts", json.dumps({**WORLD, "parts": []}), "world.parts", "invalid_value"
    yield "parts", json.dumps({**WORLD, "parts": {}}), "world.parts", "invalid_value"
    part = WORLD["parts"][0]
    many = json.dumps({**WORLD, "parts": [part] * 33})
    yield "many parts", many, "world.parts", "invalid_value"
    for name, wrong, param, code in (
        ("part", 5, "", "invalid_value"),
        ("world", {**part, "world": [1]}, ".world", "invalid_value"),
        ("seconds", {**part, "seconds": 1.5}, ".seconds", "invalid_type"),
        ("long", {**part, "seconds": 4}, ".seconds", "invalid_value"),
    ):
        yield name, json.dumps({**WORLD, "parts": [wrong]}), f"world.parts[0]{param}", code


@pytest.mark.parametrize(("name", "world", "param", "code"), list(worlds()), ids=lambda x: x[:12])
def test_a_hostile_world_is_refused(target, refusing, name, world, param, code):
    for path, more in (("edits", {}), ("extensions", {"seconds": 1})):
        body = {"prompt": "on", "world": world, **more}
        answer = refusing.post(f"/videos/{path}", json=body)
        assert error_of(answer) == (400, param, code)
    form = {"world": ("world.json", world.encode() or b" ")}
    answer = refusing.post("/videos/edits", data={"prompt": "x"}, files=form)
    assert answer.status_code == 400
    assert target.engine.asked == []


def test_a_world_that_the_engine_cannot_use_fails_one_video_and_no_more(grey):
    for inner in ({}, {"first": "x", "last": []}, {"first": {}, "last": None}):
        part = {"seconds": 1, "world": inner}
        world = json.dumps({**WORLD, "parts": [part]}).encode()
        video = grey.edit(world, Change("on"), idempotency_key=key())
        failed = finished(grey, video.id)
        assert (failed.status, failed.error.code) == ("failed", "engine_error")
    assert finished(grey, made(grey)).status == "completed"
