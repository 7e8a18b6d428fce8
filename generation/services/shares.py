"""What users have had of the engines, and what that took: the memory of the scheduler."""

from __future__ import annotations

from typing import Any

from django.db.models import F
from django.db.models.functions import Greatest
from django.utils import timezone

from generation.models import EngineState, Job, Share, WorkPace
from generation.scheduling.fair import Turn
from generation.scheduling.pace import Pace
from generation.selectors.queue import Queue
from generation.states import State


def count_start(queue: Queue, turn: Turn, *, engine: str) -> None:
    """Count a job that gets a slot; under the lock on the engine's slots."""
    shares, waiting = queue.shares, turn.waiting
    could_start = [each.start for each in queue.startable()]
    shares.serve(waiting, queue.terms[waiting.plan], clock=min([*could_start, turn.start]))
    EngineState.objects.update_or_create(name=engine, defaults={"clock": shares.clock})
    Share.objects.get_or_create(
        engine=engine, user_id=waiting.user, defaults={"served": shares.clock}
    )
    # As `Shares.serve` counts, but on the row as it is now: a job of theirs may end at this moment.
    Share.objects.filter(engine=engine, user_id=waiting.user).update(
        served=Greatest("served", shares.clock)
        + waiting.cost_seconds / queue.terms[waiting.plan].weight
    )


def count_end(job: Job, to: State, *, weight: float) -> float:
    """Put right what a job that leaves its slot was counted as, now that it is known.

    One that goes back to the queue has had nothing: its next start is counted again.

    Returns:
        For how many seconds it had the slot.
    """
    had = max(0.0, (timezone.now() - job.state_since).total_seconds())
    over = -job.cost_seconds if to == State.QUEUED else had - job.cost_seconds
    mine = Share.objects.filter(engine=job.engine, user_id=job.user_id)
    mine.update(served=F("served") + over / weight)
    return had


def learn_pace(job: Job, to: State) -> None:
    """Learn from a job that did one kind of work in one go, as it moves on."""
    went_well = {State.RENDERING: State.FINISHING, State.FINISHING: State.READY}
    in_one_go = job.fence == 1 and job.attempt == 1 and job.tries == 1
    if not in_one_go or went_well.get(State(job.state)) != to:
        return
    took = max(0.0, (timezone.now() - job.state_since).total_seconds())
    key: dict[str, Any] = {"engine": job.engine, "size": job.size, "work": job.state}
    WorkPace.objects.get_or_create(**key)
    row = WorkPace.objects.select_for_update().get(**key)
    row.jobs = Pace.of(row.jobs).after(job.seconds, took).jobs
    row.save(update_fields=["jobs"])


def forget_idle_shares() -> None:
    """Forget the shares that the clock has passed: their users stand where newcomers do."""
    for name, clock in EngineState.objects.values_list("name", "clock"):
        Share.objects.filter(engine=name, served__lte=clock).delete()
