"""The queue of an engine: in which order its jobs are started, and when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import F, Sum
from django.utils import timezone

from credits.policy import plans
from generation.engines.breaker import slots_now
from generation.engines.reports import slots_of
from generation.models import EngineState, Job, JobQuerySet, Share
from generation.scheduling import fair, forecast
from generation.scheduling.fair import Priority, Room, Running, Shares, Terms, Turn, Waiting
from generation.selectors.pace import Paces
from generation.states import State

NOBODY = UUID(int=0)  # the job that a newcomer would have


class TermsOfPlans(dict[str, Terms]):
    """The terms of each plan, looked up once."""

    def __missing__(self, name: str) -> Terms:
        plan = plans().best([name])  # one that is gone from the file counts as the free one
        terms = Terms(plan.weight, plan.running_per_user, plan.running_share)
        self[name] = terms
        return terms


@dataclass(frozen=True, slots=True)
class Forecast:
    """Where a waiting job stands."""

    position: int  # 1: next
    starts_in_seconds: float | None  # None: the engine starts none at this time


@dataclass(frozen=True, slots=True)
class Queue:
    """All that decides whose turn it is at an engine, as it was at one moment."""

    turns: list[Turn]
    shares: Shares
    terms: TermsOfPlans
    running: list[Job]
    slots: int

    def startable(self) -> list[Turn]:
        """Return whom the free slots are for, in their order."""
        room = Room(
            self.slots, self.terms, (Running(job.user_id, job.plan) for job in self.running)
        )
        return fair.startable(self.turns, room)


def load_queue(engine: str, *, waiting: JobQuerySet, extra: Waiting | None = None) -> Queue:
    """Return the queue of an engine with those of its jobs that are given.

    Args:
        engine: its name.
        waiting: jobs; those of the engine that wait are taken.
        extra: a job that is not there yet.
    """
    now = timezone.now()
    found = [
        _waiting(row, now)
        for row in waiting.waiting()
        .filter(engine=engine)
        .values_list("pk", "user_id", "plan", "cost_seconds", "priority", "created_at")
    ]
    found += [extra] if extra else []
    users = {each.user for each in found}
    clock = EngineState.objects.filter(name=engine).values_list("clock", flat=True).first()
    served = Share.objects.filter(engine=engine, user_id__in=users)
    shares = Shares(clock or 0.0, dict(served.values_list("user_id", "served")))
    terms = TermsOfPlans()
    rendering = Job.objects.filter(engine=engine, state=State.RENDERING)
    return Queue(
        turns=fair.in_order(found, shares, terms),
        shares=shares,
        terms=terms,
        running=list(rendering.defer("prompt", "shots", "negative_prompt")),
        slots=slots_now(engine, of=slots_of(engine)),
    )


def queue_of(engine: str) -> list[UUID]:
    """Return the jobs that wait for an engine, first to be started first."""
    return [turn.waiting.job for turn in load_queue(engine, waiting=Job.objects.all()).turns]


def startable(engine: str) -> list[UUID]:
    """Return the waiting jobs that the free slots of an engine are for, in their order."""
    queue = load_queue(engine, waiting=Job.objects.may_start())
    return [turn.waiting.job for turn in queue.startable()]


def forecast_of(engine: str, paces: Paces) -> dict[UUID, Forecast]:
    """Return where each job stands that waits for an engine."""
    return _forecast(load_queue(engine, waiting=Job.objects.all()), paces)


def wait_of_next(engine: str, paces: Paces, *, user_id: UUID, plan: str) -> float | None:
    """Return in how many seconds a job that the user asks for now would be started; None: unknown.

    Args:
        engine: its name.
        paces: how long things take.
        user_id: whose job it would be.
        plan: theirs.
    """
    extra = Waiting(NOBODY, user_id, plan, 1.0, Priority.NORMAL, 0.0)
    queue = load_queue(engine, waiting=Job.objects.all(), extra=extra)
    return _forecast(queue, paces)[NOBODY].starts_in_seconds


def work_before(engine: str) -> float:
    """Return the engine seconds of all jobs that wait for an engine, as predicted."""
    waiting = Job.objects.filter(engine=engine, state=State.QUEUED)
    return waiting.aggregate(sum=Sum(F("cost_seconds")))["sum"] or 0.0


def _forecast(queue: Queue, paces: Paces) -> dict[UUID, Forecast]:
    now = timezone.now()
    remaining = [
        forecast.Remaining(Running(job.user_id, job.plan), paces.rendering_left(job, now))
        for job in queue.running
    ]
    begin = forecast.starts(queue.turns, remaining, slots=queue.slots, terms=queue.terms)
    return {
        turn.waiting.job: Forecast(position, begin.get(turn.waiting.job))
        for position, turn in enumerate(queue.turns, start=1)
    }


def _waiting(row: tuple[UUID, UUID, str, float, int, datetime], now: datetime) -> Waiting:
    job, user, plan, cost_seconds, priority, created_at = row
    waited = max(timedelta(), now - created_at).total_seconds()
    return Waiting(job, user, plan, cost_seconds, priority, waited)
