"""How a worker is called to look at a capture, by `core.wake`."""

from __future__ import annotations

from uuid import UUID

from core.wake import call_on_commit

VERIFY = "cameos.verify"


def wake_on_commit(enrolment_id: UUID) -> None:
    """Have a worker look at the enrolment once the transaction commits; never fails the commit."""
    call_on_commit(VERIFY, enrolment_id)
