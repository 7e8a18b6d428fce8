"""An enrolment from the consent to the moment when a worker takes it up, or to its end."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models.functions import Now
from django.utils import timezone

from accounts.policy import LikenessStanding
from accounts.selectors import likeness_standing
from cameos.custody import make_key, record, shred_key
from cameos.errors import (
    AgeUnknown,
    AlreadyEnrolled,
    CameosStopped,
    CaptureIncomplete,
    ConsentMissing,
    ConsentOutdated,
    EnrolmentNotPossible,
    EnrolmentOpen,
    GuardianNeeded,
    TooManyEnrolments,
    UnderAge,
)
from cameos.models import Cameo, CameoKind, ConsentEvent, Enrolment
from cameos.policy.consent import current_text, missing_purposes, purposes_of
from cameos.policy.reasons import CHALLENGE_EXPIRED
from cameos.selectors.enrolments import enrolment_of
from cameos.services.enrolment.moves import move
from cameos.services.enrolment.wake import wake_on_commit
from cameos.states import CHALLENGE_LASTS, DEADLINES, EnrolmentState
from core.errors import Forbidden
from core.locks import hold
from core.switches import CAMEOS, is_thrown

if TYPE_CHECKING:
    from accounts.models import User

# (days, enrolments that one may begin in so many): who guesses at the check has few tries.
LIMITS = ((1, 5), (7, 10))
_OTHER = {CameoKind.PERSON: CameoKind.PROTECTED, CameoKind.PROTECTED: CameoKind.PERSON}
_ALREADY = {
    CameoKind.PERSON: "Your face is registered to be kept out of clips: end that first.",
    CameoKind.PROTECTED: "You have a cameo of your face: end it first, or keep it to yourself.",
}
_REFUSALS: dict[LikenessStanding, type[Forbidden]] = {
    LikenessStanding.GUARDIAN_NEEDED: GuardianNeeded,
    LikenessStanding.TOO_YOUNG: UnderAge,
    LikenessStanding.UNKNOWN_AGE: AgeUnknown,
}


def begin_enrolment(
    *, by: User, consent_version: str, purposes: Sequence[str], kind: str = CameoKind.PERSON
) -> Enrolment:
    """Write down a person's consent, and give them a challenge that is good for one capture.

    Args:
        by: whose face it is.
        consent_version: of the text that they were shown.
        purposes: what they agreed to, by name.
        kind: "person" for a cameo, "protected" to keep a face out of clips. Where the account has
            one of this kind, the new likeness takes the place of the old one, if it is the same
            person's.

    Raises:
        CameosStopped: an operator stopped enrolments for now.
        UnderAge: they are too young, whoever allows it.
        GuardianNeeded: they are under 18, and no guardian allows it.
        AgeUnknown: nobody knows how old they are.
        ConsentOutdated: there is a newer text.
        ConsentMissing: a purpose without which there is no enrolment is not among them.
        AlreadyEnrolled: the account has a likeness of the other kind.
        EnrolmentOpen: an enrolment of theirs goes on.
        TooManyEnrolments: they began as many in a day or a week as one may.
    """
    if is_thrown(CAMEOS):
        raise CameosStopped
    ensure_old_enough(by.pk)
    text = current_text()
    if consent_version != text.version:
        raise ConsentOutdated(field="consent_version", version=text.version)
    missing = missing_purposes(kind, purposes)
    if missing:
        raise ConsentMissing(field="purposes", purposes=list(missing))
    from perception.liveness import new_challenge  # noqa: PLC0415 - not when a process starts

    challenge = new_challenge()
    with transaction.atomic():
        hold(f"cameos.enrolments:{by.pk}")
        _ensure_free(by.pk, CameoKind(kind))
        try:
            with transaction.atomic():
                enrolment = Enrolment.objects.create(
                    user=by,
                    kind=kind,
                    deadline_at=Now() + DEADLINES[EnrolmentState.CHALLENGED],
                    consent_version=text.version,
                    consent_sha256=text.sha256,
                    purposes=list(purposes_of(kind, purposes)),
                    digits="".join(map(str, challenge.digits)),
                    turns=",".join(challenge.turns),
                    challenge_expires_at=Now() + CHALLENGE_LASTS,
                )
        except IntegrityError as error:
            raise EnrolmentOpen from error
        make_key(enrolment.pk)
        enrolment.refresh_from_db()
        record(
            ConsentEvent.GIVEN,
            subject_id=enrolment.pk,
            version=text.version,
            sha256=text.sha256,
            purposes=enrolment.purposes,
            kind=kind,
        )
    return enrolment


def submit_enrolment(*, by: User, enrolment_id: UUID) -> Enrolment:
    """Hand in the capture: a worker looks at it. Submitting again changes nothing.

    Raises:
        CameosStopped: an operator stopped enrolments for now.
        EnrolmentNotFound: they have no such enrolment.
        CaptureIncomplete: not all of its bytes are here.
        EnrolmentNotPossible: it has ended, or a moderator has it.
    """
    if is_thrown(CAMEOS):
        raise CameosStopped
    enrolment = enrolment_of(by.pk, enrolment_id)
    if enrolment.state == EnrolmentState.VERIFYING:
        return enrolment
    if enrolment.state != EnrolmentState.CHALLENGED:
        raise EnrolmentNotPossible
    if enrolment.upload_bytes is None or enrolment.received_bytes < enrolment.upload_bytes:
        raise CaptureIncomplete(
            received_bytes=enrolment.received_bytes, upload_bytes=enrolment.upload_bytes
        )
    with transaction.atomic():
        try:
            move(enrolment, EnrolmentState.VERIFYING)
        except EnrolmentNotPossible:
            now = enrolment_of(by.pk, enrolment_id)
            if now.state != EnrolmentState.VERIFYING:  # ended; else submitted in this moment
                raise
            return now
        wake_on_commit(enrolment.pk)
    return enrolment


def cancel_enrolment(*, by: User, enrolment_id: UUID) -> None:
    """End an enrolment and delete its capture; one that has ended stays as it is.

    Raises:
        EnrolmentNotFound: they have no such enrolment.
        EnrolmentNotPossible: it moved on in this very moment, twice; try again.
    """
    for is_last in (False, True):  # a worker may take it up in between
        enrolment = enrolment_of(by.pk, enrolment_id)
        if enrolment.finished_at is not None:
            return
        try:
            move(enrolment, EnrolmentState.CANCELLED)
        except EnrolmentNotPossible:
            if is_last:
                raise
        else:
            return


def ensure_old_enough(user_id: UUID) -> None:
    """Let only those go on whose age, or guardian, lets them enrol.

    Raises:
        UnderAge: they are too young, whoever allows it.
        GuardianNeeded: they are under 18, and no guardian allows it.
        AgeUnknown: nobody knows how old they are.
    """
    refusal = _REFUSALS.get(likeness_standing(user_id))
    if refusal is not None:
        raise refusal


def forget_person(*, user_id: UUID) -> int:
    """Shred every key of an account's likenesses and captures, before its rows are deleted.

    Returns:
        How many keys there were. What is forgotten here, `shred_orphans` finds after the rows.
    """
    cameos = list(Cameo.objects.filter(owner_id=user_id).values_list("pk", flat=True))
    enrolments = list(Enrolment.objects.filter(user_id=user_id).values_list("pk", flat=True))
    with transaction.atomic():
        return sum(shred_key(subject) for subject in (*cameos, *enrolments))


def _ensure_free(user_id: UUID, kind: CameoKind) -> None:
    """Let who holds their lock begin another enrolment.

    Raises:
        AlreadyEnrolled: the account has a likeness of the other kind.
        EnrolmentOpen: an enrolment of theirs goes on.
        TooManyEnrolments: they began as many in a day or a week as one may.
    """
    living = Cameo.objects.filter(owner_id=user_id, revoked_at__isnull=True, kind=_OTHER[kind])
    if living.exists():
        raise AlreadyEnrolled(_ALREADY[kind])
    mine = Enrolment.objects.filter(user_id=user_id)
    for late in mine.late():
        move(late, EnrolmentState.EXPIRED, reasons=[CHALLENGE_EXPIRED])
    open_one = mine.open().first()
    if open_one is not None:
        raise EnrolmentOpen(enrolment=str(open_one.pk))
    for days, limit in LIMITS:
        since = timezone.now() - timedelta(days=days)
        begun = mine.filter(created_at__gt=since).order_by("-created_at")
        times = list(begun.values_list("created_at", flat=True)[:limit])
        if len(times) == limit:
            wait = (times[-1] - since).total_seconds()
            raise TooManyEnrolments(wait=wait, limit=limit, days=days)
