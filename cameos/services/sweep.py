"""What keeps enrolments honest when workers, messages or people are lost, and what is not kept."""

from __future__ import annotations

import logging
from dataclasses import asdict, dataclass
from datetime import timedelta

from django.db.models.functions import Now

from cameos.custody import shred_orphans
from cameos.errors import EnrolmentNotPossible
from cameos.models import Enrolment
from cameos.policy.reasons import CHALLENGE_EXPIRED, FAILED, REVIEW_EXPIRED
from cameos.services.enrolment.captures import clear_leftovers, delete_captures, delete_orphans
from cameos.services.enrolment.moves import move
from cameos.services.enrolment.verification import waiting_for_worker
from cameos.services.enrolment.wake import wake_on_commit
from cameos.services.faces.characters import check_waiting_characters
from cameos.services.use.cosigns import expire_cosigns
from cameos.services.use.revocation import carry_on_revocations, end_ownerless
from cameos.states import ENDED, EnrolmentState
from core.locks import alone

KEPT = timedelta(days=365)  # reasons, measurements and the keyed hash of what led to no cameo
BATCH = 100
_WHY = {
    EnrolmentState.CHALLENGED: CHALLENGE_EXPIRED,
    EnrolmentState.VERIFYING: FAILED,
    EnrolmentState.REVIEW: REVIEW_EXPIRED,
}
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Purged:
    """What a purge found due."""

    enrolments_expired: int
    captures_deleted: int
    leftovers_deleted: int
    orphans_deleted: int
    keys_shredded: int
    enrolments_forgotten: int

    def __str__(self) -> str:
        return ", ".join(f"{name.replace('_', ' ')}: {n}" for name, n in asdict(self).items())


def sweep() -> None:
    """Expire what is late, call workers for what waits, delete what ended; harmless at any time."""
    with alone("cameos.sweep") as is_alone:
        if not is_alone:
            return
        expire_cosigns()
        end_ownerless()
        carry_on_revocations()
        _expire_late()
        for enrolment in waiting_for_worker()[:BATCH]:
            wake_on_commit(enrolment.pk)
        check_waiting_characters()
        delete_captures()
        clear_leftovers()


def purge() -> Purged:
    """Destroy everything whose time is over, and what crashes and deleted accounts left behind."""
    end_ownerless()
    carry_on_revocations()
    return Purged(
        enrolments_expired=_expire_late(),
        captures_deleted=delete_captures(),
        leftovers_deleted=clear_leftovers(),
        orphans_deleted=delete_orphans(),
        keys_shredded=shred_orphans(),
        enrolments_forgotten=_forget_old(),
    )


def _expire_late() -> int:
    return sum(_expire(enrolment) for enrolment in Enrolment.objects.all().late()[:BATCH])


def _expire(enrolment: Enrolment) -> bool:
    why = _WHY[EnrolmentState(enrolment.state)]
    try:
        move(enrolment, EnrolmentState.EXPIRED, reasons=[why])
    except EnrolmentNotPossible:
        _log.info("enrolment %s moved on by itself", enrolment.pk)
        return False
    return True


def _forget_old() -> int:
    old = Enrolment.objects.filter(
        state__in=ENDED, cameo__isnull=True, finished_at__lt=Now() - KEPT
    )
    forgotten, _ = old.exclude(capture_prefix__gt="", capture_deleted_at__isnull=True).delete()
    return forgotten
