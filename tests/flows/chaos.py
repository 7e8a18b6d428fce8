"""Many people who make clips while the parts of the instance are killed, and what must hold then.

`tests/flows/test_chaos.py` runs it small, `benchmarks/chaos.py` at length.
"""

from __future__ import annotations

import random
import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psycopg

from config.local.state import running_instance
from tests.flows.people import UNFINISHED, Person, sign_up
from tests.instances import RunningInstance, wait_until

ROLES = ("worker", "engine", "valkey", "postgres")
PAUSES = (3.0, 8.0)  # seconds between two kills, from and to
PROMPTS = (
    "a red ball rolls into a blue box",
    "a golden cube falls onto the sand",
    "three marbles roll across a table",
)
TRY_AGAIN_SECONDS = 0.3
LOOK_SECONDS = 1.0
TIDY_SECONDS = 90.0


@dataclass
class Story:
    """What one person asked for and saw."""

    person: Person
    jobs: list[dict[str, Any]] = field(default_factory=list)
    etas: list[Eta] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Eta:
    """What was foretold of a job at a moment; the moments are monotonic seconds."""

    job: str
    at: float
    seconds: int


@dataclass
class Outcome:
    """All that came of a run."""

    stories: list[Story]
    killed: Counter[str]
    seconds: float
    ended: dict[str, float]  # when each job was first seen at its end


def patiently(person: Person, ask: Callable[[], httpx.Response], *, until: float) -> httpx.Response:
    """Repeat a request until the instance answers it for good; not an error of the asker's."""
    while True:
        with suppress(httpx.TransportError, AssertionError):
            answer = ask()
            if answer.status_code == 401:
                person.stay_signed_in()
            elif answer.status_code < 500 and answer.status_code not in {409, 429}:
                return answer
        assert time.monotonic() < until, "the instance did not come back"
        time.sleep(TRY_AGAIN_SECONDS)


def run(
    instance: RunningInstance,
    *,
    users: int,
    jobs_each: int,
    kill_seconds: float,
    limit_seconds: float,
    seed: int = 1,
) -> Outcome:
    """Let people make clips of one second while parts are killed; return when all have ended."""
    began = time.monotonic()
    until = began + limit_seconds
    invite = instance.new_invite(uses=users)
    stories = [Story(sign_up(instance.base_url, invite=invite)) for _ in range(users)]
    ended: dict[str, float] = {}
    # The first clip of a fresh checkout compiles: everybody waits for that one.
    _live(stories[0], ended, jobs=1, chance=random.Random(seed), until=until)
    stories[0].etas.clear()
    failures: list[BaseException] = []

    def live(story: Story, chance: random.Random) -> None:
        try:
            _live(story, ended, jobs=jobs_each, chance=chance, until=until)
        except BaseException as error:  # noqa: BLE001 - told by the thread that waits
            failures.append(error)

    threads = [
        threading.Thread(target=live, args=(story, random.Random(seed + n)), daemon=True)
        for n, story in enumerate(stories)
    ]
    with killing(instance, seconds=kill_seconds, chance=random.Random(seed)) as killed:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(max(0.0, until - time.monotonic()))
    for story in stories:
        story.person.http.close()
    assert failures == [], failures
    assert not any(thread.is_alive() for thread in threads), "not all jobs ended in time"
    return Outcome(stories, killed, time.monotonic() - began, ended)


def _live(
    story: Story, ended: dict[str, float], *, jobs: int, chance: random.Random, until: float
) -> None:
    """Ask for clips until the person has so many, and watch until all have ended."""
    while len(story.jobs) < jobs:
        story.jobs.append(_ask(story.person, chance, len(story.jobs), until))
        _look(story, ended, until)
    while any(job["id"] not in ended for job in story.jobs):
        time.sleep(LOOK_SECONDS)
        _look(story, ended, until)


def _ask(person: Person, chance: random.Random, number: int, until: float) -> dict[str, Any]:
    body = {
        "prompt": chance.choice(PROMPTS),
        "seconds": 1,
        "size": "360x640",
        "seed": chance.randrange(1000),
        "publish": number % 2 == 0,
    }
    key = {"Idempotency-Key": secrets.token_hex(8)}
    path = "/api/v1/generations"
    answer = patiently(person, lambda: person.http.post(path, json=body, headers=key), until=until)
    assert answer.status_code == 202, answer.text
    return answer.json()


def _look(story: Story, ended: dict[str, float], until: float) -> None:
    """See how far the person's jobs are, and note what is foretold of them."""
    path, limit = "/api/v1/generations", {"limit": 50}
    answer = patiently(story.person, lambda: story.person.http.get(path, params=limit), until=until)
    now = time.monotonic()
    for job in answer.json()["items"]:
        if job["state"] not in UNFINISHED:
            ended.setdefault(job["id"], now)
        elif job["eta_seconds"] is not None:
            story.etas.append(Eta(job["id"], now, job["eta_seconds"]))


@contextmanager
def killing(
    instance: RunningInstance, *, seconds: float, chance: random.Random
) -> Iterator[Counter[str]]:
    """Kill parts at random for so long, each with SIGKILL; count what was killed."""
    killed: Counter[str] = Counter()
    done = threading.Event()

    def kill() -> None:
        ends = time.monotonic() + seconds
        while not done.wait(chance.uniform(*PAUSES)) and time.monotonic() < ends:
            role = chance.choice(ROLES)
            with suppress(KeyError, ProcessLookupError):  # it is being started again just now
                instance.kill_role(role)
                killed[role] += 1

    thread = threading.Thread(target=kill, daemon=True)
    thread.start()
    try:
        yield killed
    finally:
        done.set()
        thread.join()


def check(instance: RunningInstance, outcome: Outcome) -> dict[str, int]:
    """Hold the database, the ledger and the store against each other; return the states' counts."""
    running = running_instance(instance.state_dir)
    assert running is not None
    with psycopg.connect(running.database_url, autocommit=True) as database:
        check_jobs(database, outcome)
        check_credits(database, instance)
        check_files(database, instance)
        states = database.execute("SELECT state, count(*) FROM generation_job GROUP BY 1")
        return dict(states.fetchall())


def check_jobs(database: psycopg.Connection, outcome: Outcome) -> None:
    """Every job that was accepted is there once and ended once; every clip is of one job."""
    asked = sorted(job["id"] for story in outcome.stories for job in story.jobs)
    rows = database.execute("SELECT id, state, clip_id FROM generation_job").fetchall()
    assert sorted(str(job) for job, _, _ in rows) == asked
    ends = {"ready", "failed", "refused", "cancelled", "expired"}
    assert {state for _, state, _ in rows} <= ends
    made = sorted(clip for _, state, clip in rows if state == "ready")
    clips = [clip for (clip,) in database.execute("SELECT id FROM feed_clip ORDER BY id")]
    assert made == clips
    told = database.execute(
        "SELECT data->>'id', count(*) FROM notifications_event WHERE type LIKE 'generation.%'"
        " GROUP BY 1"
    )
    assert dict(told.fetchall()) == dict.fromkeys(asked, 1)


def check_credits(database: psycopg.Connection, instance: RunningInstance) -> None:
    """The books are right, and every hold ended as its job did."""
    instance.manage("credits", "reconcile")
    rows = database.execute(
        "SELECT job.state = 'ready', hold.state, count(*) FROM generation_job job"
        " JOIN credits_hold hold ON hold.reference = 'generation:' || job.id GROUP BY 1, 2"
    ).fetchall()
    assert {(ready, state) for ready, state, _ in rows} <= {(True, "settled"), (False, "released")}
    (jobs,) = database.execute("SELECT count(*) FROM generation_job").fetchone() or (0,)
    assert sum(number for _, _, number in rows) == jobs
    sums = "SELECT coalesce(sum(amount), 0) FROM credits_posting"
    assert database.execute(sums).fetchone() == (0,)


def check_files(database: psycopg.Connection, instance: RunningInstance) -> None:
    """Once the sweep has tidied up, every stored folder is a clip's, and every clip has its own."""
    # What it waits for before it removes a lost claim's files has passed, for this test.
    database.execute("UPDATE generation_job SET finished_at = finished_at - interval '1 hour'")
    untidy = "SELECT count(*) FROM generation_job WHERE tidied_at IS NULL"
    wait_until(
        lambda: database.execute(untidy).fetchone() == (0,), "a tidy store", seconds=TIDY_SECONDS
    )
    media = instance.state_dir / "media"
    stored = {
        f"{folder.parent.relative_to(media)}/{folder.name}/"
        for folder in (media / "clips").glob("*/*")
        if any(folder.iterdir())
    }
    prefixes = {one for (one,) in database.execute("SELECT media_prefix FROM feed_clip")}
    assert stored == prefixes
    for prefix in prefixes:
        names = {file.name for file in (media / prefix).iterdir()}
        assert {"clip.mp4", "poster.jpg"} <= names, (prefix, names)
    assert not list(_folders(instance.state_dir / "work"))


def _folders(folder: Path) -> Iterator[Path]:
    return (each for each in folder.glob("*") if each.is_dir())


def eta_errors(outcome: Outcome) -> list[float]:
    """Return |foretold - real| / real of every estimate that was made at least 2 s ahead."""
    errors = []
    for story in outcome.stories:
        for eta in story.etas:
            real = outcome.ended[eta.job] - eta.at
            if real >= 2.0:
                errors.append(abs(eta.seconds - real) / real)
    return errors
