"""The states of a job, the moves between them, and how long each may last. Pure: no database."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum

from django.conf import settings


class State(StrEnum):
    """Where a job is."""

    AWAITING_CONSENT = "awaiting_consent"  # an owner of a likeness in it has not answered yet
    QUEUED = "queued"  # waits in the table for a slot of its engine
    RENDERING = "rendering"  # a worker holds it; the engine draws
    FINISHING = "finishing"  # a worker holds it; checks, marks, packaging
    READY = "ready"  # the clip is there
    REFUSED = "refused"  # what was drawn, or who asked, is not allowed
    FAILED = "failed"  # our fault or the engine's; the code says which
    CANCELLED = "cancelled"  # by its author
    EXPIRED = "expired"  # longer in one state than its deadline


TERMINAL = frozenset({State.READY, State.REFUSED, State.FAILED, State.CANCELLED, State.EXPIRED})
HELD = frozenset({State.RENDERING, State.FINISHING})  # a worker's lease is on these
ACTIVE = frozenset(State) - TERMINAL

_ENDS = frozenset({State.REFUSED, State.FAILED, State.CANCELLED, State.EXPIRED})

# To `awaiting_consent` also from `rendering`, before anything is drawn: an owner wants to be asked
# since. Back to `queued`: its worker died or gave it back, and what was finished is kept; or
# another engine takes it over, also from the queue of its own.
MOVES: dict[State, frozenset[State]] = {
    State.AWAITING_CONSENT: _ENDS | {State.QUEUED},
    State.QUEUED: _ENDS | {State.QUEUED, State.RENDERING},
    State.RENDERING: _ENDS | {State.FINISHING, State.QUEUED, State.AWAITING_CONSENT},
    State.FINISHING: _ENDS | {State.READY, State.QUEUED},
    **{state: frozenset() for state in TERMINAL},
}

# Nothing waits for ever: the sweep expires a job that stays longer in one state.
DEADLINES: dict[State, timedelta] = {
    # The questions expire first, and say so.
    State.AWAITING_CONSENT: timedelta(hours=settings.COSIGN_HOURS + 1),
    State.QUEUED: timedelta(hours=2),
    State.RENDERING: timedelta(minutes=30),
    State.FINISHING: timedelta(minutes=10),
}
