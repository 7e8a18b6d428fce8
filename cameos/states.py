"""The states of an enrolment, the moves between them, and how long each may last. Pure."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum


class EnrolmentState(StrEnum):
    """Where an enrolment is."""

    CHALLENGED = "challenged"  # the person has the challenge; the capture comes in
    VERIFYING = "verifying"  # the whole capture is here; a worker looks at it
    REVIEW = "review"  # genuine, and like somebody who is enrolled: a moderator decides
    VERIFIED = "verified"  # the cameo is there
    REFUSED = "refused"  # the reasons say why
    EXPIRED = "expired"  # longer in one state than its deadline
    CANCELLED = "cancelled"  # by the person


ENDED = frozenset(
    {
        EnrolmentState.VERIFIED,
        EnrolmentState.REFUSED,
        EnrolmentState.EXPIRED,
        EnrolmentState.CANCELLED,
    }
)

_ENDS = frozenset({EnrolmentState.REFUSED, EnrolmentState.EXPIRED, EnrolmentState.CANCELLED})

MOVES: dict[EnrolmentState, frozenset[EnrolmentState]] = {
    EnrolmentState.CHALLENGED: _ENDS | {EnrolmentState.VERIFYING},
    EnrolmentState.VERIFYING: _ENDS | {EnrolmentState.VERIFIED, EnrolmentState.REVIEW},
    EnrolmentState.REVIEW: _ENDS | {EnrolmentState.VERIFIED},
    **{state: frozenset() for state in ENDED},
}

# The challenge itself must be spoken within 120 s; the rest of its state is for a slow upload.
CHALLENGE_LASTS = timedelta(seconds=120)
DEADLINES: dict[EnrolmentState, timedelta] = {
    EnrolmentState.CHALLENGED: timedelta(minutes=15),
    EnrolmentState.VERIFYING: timedelta(minutes=10),
    EnrolmentState.REVIEW: timedelta(days=7),
}
