"""Whose turn it is and when, by simulation with the scheduler's own code; no database."""

from __future__ import annotations

import random
import statistics
from itertools import count
from uuid import UUID

import pytest

from generation.scheduling.fair import (
    AGEING_SECONDS,
    Priority,
    Room,
    Running,
    Shares,
    Terms,
    Waiting,
    in_order,
    startable,
)
from generation.scheduling.forecast import Remaining, starts
from generation.scheduling.pace import Pace

OPEN = {"running_per_user": 1000, "running_share": 1.0}
TERMS = {
    "free": Terms(weight=1, **OPEN),
    "plus": Terms(weight=2, **OPEN),
    "pro": Terms(weight=4, **OPEN),
}


class Simulation:
    """One engine that draws one job after the other, in the order the scheduler gives."""

    def __init__(self, *, seed: int = 1) -> None:
        self.random = random.Random(seed)
        self.shares = Shares()
        self.now = 0.0
        self.queue: list[tuple[UUID, UUID, str, float, int, float]] = []
        self._ids = count(1)

    def submit(self, user: UUID, plan="free", *, cost=1.0, priority=Priority.NORMAL) -> UUID:
        job = UUID(int=next(self._ids) << 32)
        self.queue.append((job, user, plan, cost, priority, self.now))
        return job

    def turns(self):
        waiting = [
            Waiting(job, user, plan, cost, priority, self.now - at)
            for job, user, plan, cost, priority, at in self.queue
        ]
        return in_order(waiting, self.shares, TERMS)

    def serve_one(self, *, lasts: float | None = None) -> Waiting:
        """Start the next job and let it end."""
        turns = self.turns()
        chosen = startable(turns, Room(1, TERMS, []))[0].waiting
        could_start = min(turn.start for turn in turns)
        self.shares.serve(chosen, TERMS[chosen.plan], clock=could_start)
        self.queue = [each for each in self.queue if each[0] != chosen.job]
        self.now += chosen.cost_seconds if lasts is None else lasts
        return chosen


def user(number: int) -> UUID:
    return UUID(int=number)


@pytest.mark.parametrize("served_before", [1, 3, 500])
def test_a_thousand_jobs_of_one_user_delay_anothers_first_by_the_running_one_alone(served_before):
    world = Simulation()
    for _ in range(1000):
        world.submit(user(1), cost=5.0)
    for _ in range(served_before):
        world.serve_one()
    first = world.submit(user(2), cost=5.0)
    assert world.serve_one().job == first


def test_nobody_waits_for_a_second_job_of_each_other_before_their_own():
    world = Simulation()
    for number in range(1, 6):
        for _ in range(4):
            world.submit(user(number))
    rounds = [{world.serve_one().user for _ in range(5)} for _ in range(4)]
    assert rounds == [{user(n) for n in range(1, 6)}] * 4


def test_somebody_who_was_away_has_no_credit_for_it():
    world = Simulation()
    world.submit(user(2))
    world.serve_one()
    for _ in range(50):
        world.submit(user(1))
    for _ in range(20):
        world.serve_one()
    for _ in range(10):
        world.submit(user(2))
    served = [world.serve_one().user for _ in range(10)]
    assert served.count(user(2)) in {5, 6}


def test_p95_waits_of_the_plans_stand_as_their_weights():
    world, each = Simulation(), 10
    people = [(user(n), plan) for n, plan in enumerate(["free", "plus", "pro"] * 3, start=1)]
    for who, plan in people:
        for _ in range(each):
            world.submit(who, plan, cost=world.random.uniform(1, 9))
    waits = {plan: [] for plan in TERMS}
    for step in range(3000):  # everybody asks for another as soon as one of theirs starts
        real = world.random.uniform(0.8, 1.2)  # of the predicted cost
        served = world.turns()[0].waiting
        world.serve_one(lasts=served.cost_seconds * real)
        if step > 600:
            waits[served.plan].append(served.waited_seconds)
        world.submit(served.user, served.plan, cost=world.random.uniform(1, 9))
    p95 = {plan: statistics.quantiles(found, n=20)[-1] for plan, found in waits.items()}
    for plan, terms in TERMS.items():
        assert p95["pro"] / p95[plan] == pytest.approx(terms.weight / 4, rel=0.1)


def test_what_nobody_waits_for_goes_last_until_it_is_old():
    world = Simulation()
    background = world.submit(user(1), priority=Priority.BACKGROUND)
    normal = [world.submit(user(2)) for _ in range(3)]
    urgent = world.submit(user(3), priority=Priority.URGENT)
    assert [turn.waiting.job for turn in world.turns()] == [urgent, *normal, background]
    world.now = AGEING_SECONDS
    later = [world.submit(user(2)) for _ in range(3)]
    order = [turn.waiting.job for turn in world.turns()]
    assert order.index(background) == 1
    assert order[-3:] == later


def test_old_jobs_never_pass_a_newcomers():
    world = Simulation()
    for _ in range(100):
        world.submit(user(1))
    world.serve_one()
    world.now += 100 * AGEING_SECONDS
    first = world.submit(user(2))
    assert world.serve_one().job == first


def test_a_user_and_a_plan_have_no_more_slots_than_the_terms_say():
    terms = {"free": Terms(1, 1, 0.5), "pro": Terms(4, 2, 1.0)}
    waiting = [
        Waiting(UUID(int=100 + n), user(who), plan, 1.0, Priority.NORMAL, 0.0)
        for n, (who, plan) in enumerate(
            [(1, "free"), (1, "free"), (2, "free"), (3, "free"), (4, "pro"), (4, "pro"), (4, "pro")]
        )
    ]
    room = Room(4, terms, [])
    chosen = startable(in_order(waiting, Shares(), terms), room)
    assert sorted(turn.waiting.user.int for turn in chosen) == [1, 2, 4, 4]
    assert room.is_full
    room = Room(4, terms, [Running(user(4), "pro"), Running(user(1), "free")])
    chosen = startable(in_order(waiting, Shares(), terms), room)
    assert sorted(turn.waiting.user.int for turn in chosen) == [2, 4]


def test_a_small_engine_has_a_slot_for_every_plan():
    terms = {"free": Terms(1, 1, 0.1)}
    waiting = [Waiting(UUID(int=9), user(1), "free", 1.0, Priority.NORMAL, 0.0)]
    assert startable(in_order(waiting, Shares(), terms), Room(1, terms, []))


def test_starts_are_foretold_as_they_come():
    world = Simulation()
    jobs = [world.submit(user(1 + n % 3), cost=2.0 + n) for n in range(9)]
    running = [Remaining(Running(user(9), "free"), 4.0)]
    told = starts(world.turns(), running, slots=1, terms=TERMS)
    assert set(told) == set(jobs)
    now, came = 4.0, {}
    while world.queue:
        chosen = world.serve_one()
        came[chosen.job] = now
        now += chosen.cost_seconds
    assert told == pytest.approx(came)


def test_with_two_slots_and_a_limit_of_one_the_others_go_first():
    terms = {"free": Terms(1, 1, 1.0)}
    ids = [UUID(int=100 + n) for n in range(3)]
    waiting = [
        Waiting(job, user(who), "free", 10.0, Priority.NORMAL, 0.0)
        for job, who in zip(ids, (1, 1, 2), strict=True)
    ]
    turns = in_order(waiting, Shares(), terms)
    assert starts(turns, [], slots=2, terms=terms) == {ids[0]: 0, ids[2]: 0, ids[1]: 10}
    assert starts(turns, [], slots=0, terms=terms) == {}


def test_a_pace_is_learnt_with_its_overhead_and_follows_a_change():
    pace = Pace()
    assert pace.predict(5) is None
    pace = pace.after(4, 8.0)
    assert pace.predict(4) == pytest.approx(8.0)
    assert pace.predict(8) == pytest.approx(16.0)  # one length alone: as its ratio
    for n in range(40):
        seconds = 1 + n % 10
        pace = pace.after(seconds, 3 + 0.5 * seconds)
    assert pace.predict(1) == pytest.approx(3.5, rel=0.05)
    assert pace.predict(20) == pytest.approx(13.0, rel=0.05)
    for n in range(30):
        seconds = 1 + n % 10
        pace = pace.after(seconds, 2 * (3 + 0.5 * seconds))
    assert pace.predict(10) == pytest.approx(16.0, rel=0.1)


def test_a_few_strange_jobs_bend_no_pace():
    pace = Pace().after(1, 120.0)  # a cold engine
    for n in range(8):
        pace = pace.after(1 + n % 3, 2.0 * (1 + n % 3))
    pace = pace.after(2, 60.0)
    assert pace.predict(2) == pytest.approx(4.0, rel=0.1)
    assert pace.ratio == pytest.approx(2.0)
    assert Pace.of([list(job) for job in pace.jobs]) == pace


def test_a_pace_never_foretells_the_past():
    pace = Pace()
    for seconds in (2, 4, 8):
        pace = pace.after(seconds, 0.0)
    assert pace.predict(1) > 0
