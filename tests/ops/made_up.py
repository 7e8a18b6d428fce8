"""A made-up day of an instance, for pictures and for counting queries: nothing of it was drawn.

On a running instance: `manage.py shell -c "from tests.ops.made_up import fill; fill('scene')"`.
"""

from __future__ import annotations

import math
import random
from datetime import datetime, timedelta

from django.utils import timezone

from accounts.models import User
from credits.services import grant, hold, record_cost, settle
from generation.models import Job, WorkPace

ENGINES = {"scene": ("scene-1", 3.0, 2), "wan": ("wan-2.2-5b", 9.0, 1)}
PEOPLE = ("mira", "jonas", "tomoko", "ada", "sven", "lucia", "noor", "pavel")
SIZE = "360x640"
FAULTS = (
    ("engine_out_of_memory", "The engine ran out of memory three times."),
    ("film_unreadable", "The film that the engine sent could not be read."),
    ("render_timeout", "The engine took longer than half an hour."),
)


def fill(*engines: str, hours: int = 7, per_hour: int = 250, seed: int = 7) -> None:
    """Write the jobs of so many hours at these engines, or at both, and what they cost."""
    dice, now = random.Random(seed), timezone.now()
    people = [_person(name) for name in PEOPLE]
    jobs: list[tuple[Job, datetime]] = []
    for engine in engines or ENGINES:
        model, pace, slots = ENGINES[engine]
        free_at = [now - timedelta(hours=hours)] * slots
        at = now - timedelta(hours=hours)
        while at < now:
            ago = (now - at).total_seconds() / 3600
            rush = 1 + 0.7 * math.sin((1.2 - ago) / 4 * 2 * math.pi)  # a wave of four hours
            share = 0.8 if engine == "scene" else 0.2
            at += timedelta(seconds=dice.expovariate(per_hour * rush * share / 3600))
            job = _job(dice.choice(people), engine, model, dice)
            if at < now:
                _live(job, at, free_at, pace, dice, now=now)
                jobs.append((job, at))
        for size, work, ratio in ((SIZE, "rendering", pace), (SIZE, "finishing", 0.4)):
            facts = {"jobs": [[5, 5 * ratio]] * 9}
            WorkPace.objects.update_or_create(engine=engine, size=size, work=work, defaults=facts)
    Job.objects.bulk_create(job for job, _ in jobs)
    for job, at in jobs:
        job.created_at = at
    Job.objects.bulk_update((job for job, _ in jobs), ["created_at"], batch_size=500)
    _spend([job for job, _ in jobs if job.finished_at], now=now)


def _person(name: str) -> User:
    found = User.objects.filter(username=name).first()
    return found or User.objects.create_user(name, f"{name}@example.org")


def _job(user: User, engine: str, model: str, dice: random.Random) -> Job:
    return Job(
        user=user,
        engine=engine,
        model=model,
        engine_is_procedural=engine == "scene",
        prompt="A ball.",
        seconds=dice.choice((4, 5, 8)),
        size=SIZE,
        seed=1,
        plan="free",
        cost_seconds=8.0,
        deadline_at=timezone.now() + timedelta(days=30),
        not_before=timezone.now() + timedelta(days=30),  # no worker is to begin it
    )


def _live(
    job: Job,
    at: datetime,
    free_at: list[datetime],
    pace: float,
    dice: random.Random,
    *,
    now: datetime,
) -> None:
    """Let a job live as it would on the slot that is free first."""
    slot = free_at.index(min(free_at))
    begins = max(at, free_at[slot]) + timedelta(seconds=dice.uniform(0.1, 0.8))
    takes = timedelta(seconds=job.seconds * pace * dice.uniform(0.8, 1.6) + 2)
    free_at[slot] = begins + takes
    if begins > now:
        return
    job.started_at, job.state, job.progress = begins, "rendering", 40
    job.lease_until, job.state_since = now + timedelta(days=30), begins
    if begins + takes > now:
        return
    job.finished_at = begins + takes
    job.engine_seconds = takes.total_seconds()
    chance = dice.random()
    if chance < 0.93:
        job.state, job.progress = "ready", 100
    elif chance < 0.96:
        job.state, job.error_code = "refused", "clip_refused"
    else:
        job.state, job.is_retryable = "failed", True
        job.error_code, job.error_message = dice.choice(FAULTS)
        if now - job.finished_at > timedelta(minutes=50):
            job.seen_to_at = job.finished_at


def _spend(ended: list[Job], *, now: datetime) -> None:
    for job in ended:
        if job.finished_at and job.finished_at.date() == now.date():
            record_cost(
                reference=job.reference,
                user_id=job.user_id,
                engine=job.engine,
                model=job.model,
                engine_seconds=job.engine_seconds,
                storage_bytes=3_000_000,
                outcome=job.state,
            )
    for user in {job.user_id for job in ended}:
        grant(
            user_id=user,
            amount=500,
            source="grant",
            key=f"made-up:{user}",
            expires_at=now + timedelta(days=30),
        )
        for number in range(3):
            hold(user_id=user, reference=f"made-up:{user}:{number}", amount=20)
        settle(reference=f"made-up:{user}:0")
