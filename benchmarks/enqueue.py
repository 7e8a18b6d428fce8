"""Queueing a clip over the API, beside a like over the same API and a bare Celery `delay()`.

    python -m benchmarks.enqueue [--rounds 300]

All three run in turn in one process against the same embedded, durable PostgreSQL and Valkey:
the requests through Django's whole stack without a socket, the bare call straight into the broker.
Goals in calls a second: enqueue >= 0.4 x like, >= 0.1 x delay(). CPU is this process's own.
"""

from __future__ import annotations

import argparse
import os
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from config.local.postgres import EmbeddedPostgres
from config.local.valkey import EmbeddedValkey

PLANS = Path(__file__).resolve().parent.parent / "credits" / "plans.toml"
PROMPT = "a red ball number {n} bounces down a wooden staircase in the evening sun"


def main() -> None:
    """Start the services, measure, and print one line for each operation."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=300)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        state = Path(name)
        state.chmod(0o755)  # root's PostgreSQL is another user, who has to pass through
        postgres = EmbeddedPostgres(
            cluster=state / "postgres", socket_dir=state / "pg", log=state / "postgres.log"
        )
        valkey = EmbeddedValkey(data=state / "valkey", socket_dir=state, log=state / "valkey.log")
        postgres.start()
        valkey.start()
        os.environ |= {
            "DATABASE_URL": postgres.url,
            "REDIS_URL": valkey.url,
            "VIGNETTE_STATE": name,
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "RATE_LIMITS": "0",
            "LOG_LEVEL": "ERROR",
            "PLANS_FILE": str(_generous_plans(state)),
        }
        try:
            import django  # noqa: PLC0415 - its settings read the addresses above

            django.setup()
            measure(state, rounds)
        finally:
            valkey.stop()
            postgres.stop()


def measure(state: Path, rounds: int) -> None:
    """Run the operations in turn and print their medians."""
    from celery import current_app  # noqa: PLC0415
    from django.conf import settings  # noqa: PLC0415
    from django.core.management import call_command  # noqa: PLC0415

    from generation.models import Job  # noqa: PLC0415
    from moderation.services import check_prompt  # noqa: PLC0415
    from tests.fakes.engine import make_video, running_engine  # noqa: PLC0415

    call_command("migrate", verbosity=0)
    with running_engine(make_video(state / "small.mp4"), state / "engine") as engine:
        settings.ENGINES = {"quick": {"url": engine.url}}
        settings.ENGINE_DEFAULT = "quick"
        client, clip_ids = _prepared(rounds)

        def enqueue(n: int) -> None:
            body = {"prompt": PROMPT.format(n=n), "seconds": 5, "publish": True}
            key = {"Idempotency-Key": f"k{n}"}
            answer = client.post("/api/v1/generations", body, format="json", headers=key)
            _expect(answer.status_code == 202, answer.content)

        def like(n: int) -> None:
            answer = client.put(f"/api/v1/clips/{clip_ids[n]}/like")
            _expect(answer.status_code < 300, answer.content)

        def delay(n: int) -> None:
            current_app.send_task("bare", (n,))

        def policy(n: int) -> None:
            check_prompt(text=PROMPT.format(n=-n))

        calls = {"POST /generations": enqueue, "PUT like": like, "bare delay()": delay}
        times = _in_turn({**calls, "of it: policy check": policy}, rounds)
    _expect(Job.objects.count() == rounds + 1, b"a job is missing")
    walls = {name: statistics.median(wall for wall, _ in pairs) for name, pairs in times.items()}
    cpus = {name: statistics.median(cpu for _, cpu in pairs) for name, pairs in times.items()}
    for name in times:
        wall_ms, cpu_ms = walls[name] * 1000, cpus[name] * 1000
        sys.stdout.write(f"{name:20} median {wall_ms:7.2f} ms wall {cpu_ms:7.2f} ms CPU\n")
    for other in ("PUT like", "bare delay()"):
        wall = walls[other] / walls["POST /generations"]
        cpu = cpus[other] / cpus["POST /generations"]
        sys.stdout.write(f"enqueue is {wall:.3f} x {other} by wall, {cpu:.3f} x by CPU\n")


def _generous_plans(folder: Path) -> Path:
    """Write the plans with enough of everything for one user's many clips, and return the file."""
    text = PLANS.read_text(encoding="utf-8")
    for name in ("daily_credits", "waiting_max"):
        text = re.sub(rf"(?m)^{name} = \d+$", f"{name} = 1_000_000", text)
    file = folder / "plans.toml"
    file.write_text(text, encoding="utf-8")
    return file


def _prepared(rounds: int) -> tuple[Any, list[Any]]:
    """Return a signed-in client and clips of somebody else for it to like."""
    from django.contrib.auth import get_user_model  # noqa: PLC0415
    from rest_framework.test import APIClient  # noqa: PLC0415

    from core.ids import new_mark_id  # noqa: PLC0415
    from feed.services import create_draft, publish_clip  # noqa: PLC0415
    from tests.fixtures import tokens_of  # noqa: PLC0415

    users = get_user_model().objects
    ada, bob = (users.create_user(name, f"{name}@example.org") for name in ("ada", "bob"))
    clip_ids = []
    for n in range(rounds + 1):
        clip = create_draft(
            author_id=bob.pk,
            mark_id=new_mark_id(),
            caption=f"Clip {n}",
            seconds=5.0,
            width_px=360,
            height_px=640,
            engine="quick",
            engine_is_procedural=True,
            media_prefix=f"clips/{n}/1/",
        )
        publish_clip(clip_id=clip.pk, by=bob)
        clip_ids.append(clip.pk)
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {tokens_of(ada)['access_token']}")
    return client, clip_ids


def _in_turn(
    calls: dict[str, Callable[[int], None]], rounds: int
) -> dict[str, list[tuple[float, float]]]:
    """Time the calls one after the other, round by round, so that all share the machine's moods."""
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in calls}
    for call in calls.values():
        call(rounds)  # warm
    for n in range(rounds):
        for name, call in calls.items():
            wall, cpu = time.perf_counter(), time.process_time()
            call(n)
            times[name].append((time.perf_counter() - wall, time.process_time() - cpu))
    return times


def _expect(is_so: object, otherwise: bytes | str) -> None:
    if not is_so:
        raise SystemExit(otherwise)


if __name__ == "__main__":
    main()
