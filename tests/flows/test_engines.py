"""The whole story with the engine swapped by URL: each dialect's server, and one that dies."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import av
import pytest

from tests.fakes.litellm import Litellm
from tests.fakes.sglang import Sglang
from tests.fakes.studio import RunningFake, served
from tests.fakes.vllm_omni import VllmOmni
from tests.flows.people import Person, sign_up
from tests.instances import RunningInstance, start_instance

KEY = "sk-1234"
SIZE = "360x640"
SHOTS = [
    {"prompt": "a red ball", "seconds": 1, "camera": "wide"},
    {"prompt": "a blue ball", "seconds": 1},
]
OFFERS = {
    "vllm-omni": {"model": "grey-omni", "fps": 16, "audio": True, "takes_picture": True},
    "sglang": {"model": "grey-sgl", "takes_picture": True},
    "litellm": {"model": "sora-2", "audio": True, "lengths": [1, 2, 4]},
}
FAKES: dict[str, Callable[..., Any]] = {
    "vllm-omni": VllmOmni,
    "sglang": Sglang,
    "litellm": partial(Litellm, sizes=("368x640",), seconds=("1", "2", "4")),
}


@dataclass
class Far:
    """An instance whose engines are servers of other dialects, and those servers."""

    instance: RunningInstance
    servers: dict[str, RunningFake[Any]]
    author: Person
    friend: Person

    def ask(self, engine: str, prompt: str, **fields: Any) -> dict[str, Any]:
        """Ask one of the engines for a clip of a second."""
        return self.author.generate(prompt, seconds=1, engine=engine, publish=True, **fields)


@pytest.fixture(scope="module")
def far(tmp_path_factory) -> Iterator[Far]:
    with ExitStack() as stack:
        folder = tmp_path_factory.mktemp("far")
        servers = {
            name: stack.enter_context(served(make(folder / name, key=KEY)))
            for name, make in FAKES.items()
        }
        engines = {name: _entry(name, server) for name, server in servers.items()}
        engines["vllm-omni"]["fallback"] = ["sglang"]
        settings = {"ENGINES": json.dumps(engines), "ENGINE_DEFAULT": "vllm-omni"}
        instance = start_instance(folder / "state", settings=settings)
        stack.callback(instance.stop)
        assert "engine" not in instance.pids  # nothing embedded is started
        author = sign_up(instance.base_url, invite=instance.new_invite())
        stack.callback(author.http.close)
        invite = author.post("/api/v1/invites", {"uses": 1})["code"]
        friend = sign_up(instance.base_url, invite=invite)
        stack.callback(friend.http.close)
        friend.put(f"/api/v1/users/{author.username}/follow")
        yield Far(instance, servers, author, friend)


@pytest.mark.parametrize("dialect", OFFERS)
def test_a_prompt_comes_to_a_friends_feed_from_every_dialects_server(far, dialect, tmp_path):
    studio = far.servers[dialect].fake.studio
    wanted = {"shots": SHOTS, "size": SIZE, "publish": True, "caption": dialect, "seed": 7}
    done = far.author.wait_for(
        far.author.post("/api/v1/generations", {**wanted, "engine": dialect})
    )
    assert (done["state"], done["error"], done["engine"]) == ("ready", None, dialect)
    clip = far.friend.get("/api/v1/feed", mode="following")["items"][0]
    assert (clip["id"], clip["caption"]) == (done["clip"], dialect)
    assert (clip["width"], clip["height"], round(clip["seconds"], 1)) == (360, 640, 2.0)
    mp4 = far.friend.media(clip["mp4_url"]).content
    assert frames_and_streams(mp4, tmp_path) == (
        2 * OFFERS[dialect].get("fps", 24),
        {"video"} | ({"audio"} if "audio" in OFFERS[dialect] else set()),
    )
    verified = far.friend.verify(mp4, "clip.mp4")
    assert (verified["manifest"]["state"], verified["clip"]["id"]) == ("trusted", clip["id"])
    remix_of = {"clip": clip["id"], "kind": "remix"}
    child = far.author.wait_for(far.ask(dialect, "a remix", remix_of=remix_of))
    lineage = far.author.get(f"/api/v1/clips/{child['clip']}/lineage")
    assert clip["id"] in json.dumps(lineage)
    # What is cancelled is taken off the server, where a server can be told.
    studio.may_render.clear()
    asked = len(studio.asked)
    gone = far.ask(dialect, "a third")
    until(lambda: len(studio.asked) > asked)
    far.author.delete(f"/api/v1/generations/{gone['id']}")
    assert far.author.wait_for(gone)["state"] == "cancelled"
    if dialect == "vllm-omni":
        until(lambda: studio.stopped)
    studio.may_render.set()


def test_an_engine_killed_in_mid_job_falls_over_to_the_next(far):
    first, second = far.servers["vllm-omni"], far.servers["sglang"]
    asked = len(first.fake.studio.asked), len(second.fake.studio.asked)
    first.fake.studio.may_render.clear()
    running = far.ask("vllm-omni", "a ball")
    until(lambda: len(first.fake.studio.asked) > asked[0])
    first.stop()
    waiting = far.ask("vllm-omni", "a cube")
    clips = []
    for job in (running, waiting):
        done = far.author.wait_for(job)
        assert (done["state"], done["engine"]) == ("ready", "sglang")
        clips.append(done["clip"])
    feed = far.friend.get("/api/v1/feed", mode="following")["items"]
    assert [clip["id"] for clip in feed].count(clips[0]) == 1
    assert {clip["id"] for clip in feed} >= set(clips)
    assert len(second.fake.studio.asked) == asked[1] + 2
    shown = {e["name"]: e["is_available"] for e in far.author.get("/api/v1/engines")["items"]}
    assert shown == {"vllm-omni": False, "sglang": True, "litellm": True}
    # Back again, it gets jobs again.
    first.fake.studio.may_render.set()
    first.start()
    until(lambda: "on trial" in far.instance.manage("engines"))
    until(lambda: far.author.wait_for(far.ask("vllm-omni", "a cone"))["engine"] == "vllm-omni")


def _entry(dialect: str, server: RunningFake[Any]) -> dict[str, Any]:
    """What ENGINES says of a server."""
    offers = {"sizes": [SIZE], "max_seconds": 4, **OFFERS[dialect]}
    return {"url": server.url, "key": KEY, "dialect": dialect, "offers": offers}


def until(condition: Callable[[], object], seconds: float = 60.0) -> None:
    """Wait for it."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def frames_and_streams(mp4: bytes, folder: Path) -> tuple[int, set[str]]:
    """Count what a player would show."""
    file = folder / "clip.mp4"
    file.write_bytes(mp4)
    with av.open(str(file)) as container:
        return sum(1 for _ in container.decode(video=0)), {s.type for s in container.streams}
