"""kill -9 of each part of a running instance in the middle of a job: ready, exactly once."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator

import httpx
import pytest

from tests.flows.people import Person, sign_up
from tests.instances import RunningInstance

START_SECONDS_MAX = 120


@pytest.fixture
def author(instance: RunningInstance) -> Iterator[Person]:
    person = sign_up(instance.base_url, invite=instance.manage("invite").strip())
    yield person
    person.http.close()


def wait_until_held(author: Person, job: dict) -> None:
    """Wait until a worker has the job."""
    deadline = time.monotonic() + START_SECONDS_MAX
    state = "queued"
    while state == "queued":
        assert time.monotonic() < deadline, "no worker took the job"
        time.sleep(0.05)
        state = author.get(f"/api/v1/generations/{job['id']}")["state"]
    assert state in {"rendering", "finishing"}


def notifications_of(author: Person, job: dict) -> list[str]:
    """Return the durable events of a job, oldest first, once the part is back that was killed."""
    deadline = time.monotonic() + START_SECONDS_MAX
    while True:
        try:
            items = author.get("/api/v1/me/notifications", limit=50)["items"]
        except (httpx.TransportError, AssertionError):
            assert time.monotonic() < deadline
            time.sleep(0.2)
        else:
            return [item["type"] for item in items[::-1] if item["data"]["id"] == job["id"]]


@pytest.mark.slow
@pytest.mark.parametrize("role", ["worker", "engine", "valkey", "postgres"])
def test_a_job_outlives_a_killed_part(instance, author, role):
    caption = f"Ball and box, {role} {secrets.token_hex(4)}"
    job = author.generate("a red ball rolls into a blue box", publish=True, caption=caption)
    wait_until_held(author, job)
    killed = instance.kill_role(role)
    done = author.wait_for(job)
    assert (done["state"], done["error"]) == ("ready", None)
    instance.wait_for_new(role, killed)
    assert notifications_of(author, job) == ["generation.ready"]
    clips = author.get(f"/api/v1/users/{author.username}/clips", limit=50)["items"]
    assert [clip["id"] for clip in clips if clip["caption"] == caption] == [done["clip"]]
