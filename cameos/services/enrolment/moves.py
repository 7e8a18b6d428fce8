"""The one way an enrolment changes its state, and what its end is."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models.functions import Now

from cameos.custody import record, shred_key
from cameos.errors import EnrolmentNotPossible
from cameos.models import ConsentEvent, Enrolment
from cameos.selectors.enrolments import enrolment_reasons
from cameos.services.enrolment.captures import delete_capture_on_commit
from cameos.states import DEADLINES, ENDED, MOVES, EnrolmentState
from notifications.services import publish

FINISHED_EVENT = "enrolment.finished"


def move(enrolment: Enrolment, to: EnrolmentState, **changes: Any) -> None:
    """Move an enrolment to another state; its end is told once, and shreds its data key.

    Compare-and-set on the state and fence that `enrolment` holds: of several who try, one succeeds.
    `enrolment` is read again afterwards. Make it the last step of a transaction: it holds the
    consent log and the person's event counter until the commit.

    Args:
        enrolment: as the caller knows it.
        to: the next state.
        changes: further columns to set with it.

    Raises:
        EnrolmentNotPossible: there is no such move, or the row moved on meanwhile.
    """
    if to not in MOVES[EnrolmentState(enrolment.state)]:
        raise EnrolmentNotPossible
    changes = {"state_since": Now(), "lease_until": None, **changes}
    if to in ENDED:
        changes["finished_at"] = Now()
    else:
        changes["deadline_at"] = Now() + DEADLINES[to]
    with transaction.atomic():
        held = Enrolment.objects.filter(
            pk=enrolment.pk, state=enrolment.state, fence=enrolment.fence
        )
        if not held.update(state=to, **changes):
            raise EnrolmentNotPossible
        enrolment.refresh_from_db()
        if to in ENDED:
            _close(enrolment)


def _close(enrolment: Enrolment) -> None:
    if enrolment.state == EnrolmentState.REFUSED:
        record(ConsentEvent.REFUSED, subject_id=enrolment.pk, reasons=enrolment.reasons)
    shred_key(enrolment.pk)
    delete_capture_on_commit(enrolment.pk)
    data = {
        "id": str(enrolment.pk),
        "kind": enrolment.kind,
        "state": enrolment.state,
        "reasons": enrolment_reasons(enrolment),
        "cameo": enrolment.cameo.handle if enrolment.cameo else None,
    }
    publish(enrolment.user_id, FINISHED_EVENT, data, durable=True)
