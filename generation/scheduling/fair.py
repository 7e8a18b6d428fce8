"""Whose turn it is: priority class first, then weighted fair shares of the users within it. Pure.

Start-time fair queueing (Goyal, Vin, Cheng, SIGCOMM 1996): a job's start tag is where its user's
share stands, counted in engine seconds over the weight of their plan; the smallest tag goes first.
Somebody who has not been served stands at the clock, which no waiting user is behind: their first
job goes before anybody's second, however many the others have.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Literal
from uuid import UUID

AGEING_SECONDS = 600.0  # waited by a background job until it counts as a normal one


class Priority(IntEnum):
    """The class of a job; a lower one goes first."""

    URGENT = 0  # made good: an appeal that was upheld, a failure that is tried again
    NORMAL = 1
    BACKGROUND = 2  # nobody waits for it: the instance's own examples


@dataclass(frozen=True, slots=True)
class Terms:
    """What a plan gives its users of an engine."""

    weight: float  # of their share
    running_per_user: int  # jobs of one user that may be drawn at once
    running_share: float  # of all slots that the plan's users may have together, 0 to 1


@dataclass(frozen=True, slots=True)
class Waiting:
    """A job that waits for an engine."""

    job: UUID
    user: UUID
    plan: str
    cost_seconds: float  # of an engine, as predicted
    priority: int
    waited_seconds: float

    @property
    def turn_class(self) -> int:
        """The priority class by now: what waits in the background for long is normal.

        Normal jobs never rise: a hundred old ones of one user must not pass another's new one.
        """
        if self.priority > Priority.NORMAL and self.waited_seconds >= AGEING_SECONDS:
            return Priority.NORMAL
        return self.priority


@dataclass(frozen=True, slots=True)
class Running:
    """A job that has a slot."""

    user: UUID
    plan: str


@dataclass(slots=True)
class Shares:
    """What the users of one engine have had of it, in weighted seconds."""

    clock: float = 0.0
    served: dict[UUID, float] = field(default_factory=dict)

    def start_of(self, user: UUID) -> float:
        """Return the start tag of the user's next job."""
        return max(self.clock, self.served.get(user, 0.0))

    def serve(self, chosen: Waiting, terms: Terms, *, clock: float) -> None:
        """Count a job that gets a slot.

        Args:
            chosen: the job.
            terms: its plan's.
            clock: the smallest start tag of all who could have been chosen.
        """
        self.clock = max(self.clock, clock)
        self.served[chosen.user] = self.start_of(chosen.user) + chosen.cost_seconds / terms.weight


@dataclass(frozen=True, slots=True)
class Turn:
    """A waiting job at its place."""

    waiting: Waiting
    start: float


def in_order(waiting: Iterable[Waiting], shares: Shares, terms: Mapping[str, Terms]) -> list[Turn]:
    """Return all waiting jobs in the order in which they would be started if nobody else came.

    Args:
        waiting: the jobs; of one user and class they keep the order they are given in.
        shares: what their users have had.
        terms: of every plan that occurs.
    """
    tags: dict[UUID, float] = {}
    turns = []
    for each in sorted(waiting, key=lambda one: one.turn_class):
        start = tags.get(each.user, shares.start_of(each.user))
        tags[each.user] = start + each.cost_seconds / terms[each.plan].weight
        turns.append(Turn(each, start))
    return sorted(turns, key=lambda turn: (turn.waiting.turn_class, turn.start))


class Room:
    """The free slots of an engine, and who may still have one."""

    def __init__(self, slots: int, terms: Mapping[str, Terms], running: Iterable[Running]) -> None:
        """Take what is running as it is, even where it is more than the terms allow."""
        self._slots, self._terms = slots, terms
        self._of_user: Counter[UUID] = Counter()
        self._of_plan: Counter[str] = Counter()
        for each in running:
            self.take(each.user, each.plan)

    @property
    def is_full(self) -> bool:
        """Whether no slot is free."""
        return self._of_user.total() >= self._slots

    def obstacle(self, user: UUID, plan: str) -> Literal["slots", "user", "plan"] | None:
        """Return why the user may not start another job under the terms of their plan, if so."""
        if self.is_full:
            return "slots"
        terms = self._terms[plan]
        if self._of_user[user] >= terms.running_per_user:
            return "user"
        if self._of_plan[plan] >= max(1, int(terms.running_share * self._slots)):
            return "plan"
        return None

    def take(self, user: UUID, plan: str) -> None:
        """Give the user a slot."""
        self._of_user[user] += 1
        self._of_plan[plan] += 1

    def leave(self, user: UUID, plan: str) -> None:
        """Take one of the user's slots back."""
        self._of_user[user] -= 1
        self._of_plan[plan] -= 1


def startable(turns: Iterable[Turn], room: Room) -> list[Turn]:
    """Return whom the free slots are for, in their order; `room` has given them away then."""
    chosen = []
    for turn in turns:
        if room.is_full:
            break
        if room.obstacle(turn.waiting.user, turn.waiting.plan) is None:
            room.take(turn.waiting.user, turn.waiting.plan)
            chosen.append(turn)
    return chosen
