"""When waiting jobs will start, by playing the queue forward. Pure."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from generation.scheduling.fair import Room, Running, Terms, Turn


@dataclass(frozen=True, slots=True)
class Remaining:
    """A job that has a slot, and for how long it will keep it."""

    running: Running
    seconds: float


def starts(
    turns: Iterable[Turn],
    remaining: Iterable[Remaining],
    *,
    slots: int,
    terms: Mapping[str, Terms],
) -> dict[UUID, float]:
    """Return in how many seconds each waiting job gets a slot, if nobody else comes.

    Args:
        turns: the waiting jobs in their order; each keeps its slot for its predicted cost.
        remaining: who has the slots now.
        slots: how many there are; with none nobody starts.
        terms: of every plan that occurs.
    """
    begun = list(remaining)
    room = Room(slots, terms, (each.running for each in begun))
    ends = [(each.seconds, number, each.running) for number, each in enumerate(begun)]
    heapq.heapify(ends)
    left, found, now = list(turns), dict[UUID, float](), 0.0
    count = len(ends)
    while left:
        rest = []
        for place, turn in enumerate(left):
            if room.is_full:
                rest += left[place:]
                break
            who = turn.waiting
            if not room.has_room_for(who.user, who.plan):
                rest.append(turn)
                continue
            room.take(who.user, who.plan)
            found[who.job] = now
            count += 1
            heapq.heappush(ends, (now + who.cost_seconds, count, Running(who.user, who.plan)))
        left = rest
        if not ends:
            break
        now, _, ended = heapq.heappop(ends)
        room.leave(ended.user, ended.plan)
    return found
