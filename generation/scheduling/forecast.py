"""When waiting jobs will start, by playing the queue forward. Pure."""

from __future__ import annotations

import heapq
from collections import defaultdict, deque
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
    begun, order = list(remaining), list(turns)
    room = Room(slots, terms, (each.running for each in begun))
    ends = [(each.seconds, number, each.running) for number, each in enumerate(begun)]
    heapq.heapify(ends)
    count, found, now = len(ends), dict[UUID, float](), 0.0
    places = list(range(len(order)))  # a heap of who may be started next
    # Who waits for an end of the same user or plan; each end lets one of them try again.
    parked: defaultdict[UUID | str, deque[int]] = defaultdict(deque)
    while True:
        while places and not room.is_full:
            place = heapq.heappop(places)
            who = order[place].waiting
            if (obstacle := room.obstacle(who.user, who.plan)) is not None:
                parked[who.user if obstacle == "user" else who.plan].append(place)
                continue
            room.take(who.user, who.plan)
            found[who.job] = now
            count += 1
            heapq.heappush(ends, (now + who.cost_seconds, count, Running(who.user, who.plan)))
        if not ends:
            return found
        now, _, ended = heapq.heappop(ends)
        room.leave(ended.user, ended.plan)
        for waits in (parked[ended.user], parked[ended.plan]):
            if waits:
                heapq.heappush(places, waits.popleft())
