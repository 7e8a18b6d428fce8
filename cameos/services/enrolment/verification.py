"""A worker looks at a capture: one worker at a time for each, a few captures at a time in all."""

from __future__ import annotations

import hashlib
import logging
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now
from django.utils.crypto import salted_hmac

from cameos.errors import EnrolmentNotPossible, KeyShredded, SealBroken
from cameos.models import Enrolment
from cameos.policy.reasons import FAILED, REPLAYED
from cameos.services.enrolment.captures import CaptureLost, opened_capture
from cameos.services.enrolment.locks import CAPTURES, VERIFYING
from cameos.services.enrolment.outcome import Report, refuse, settle
from cameos.services.enrolment.wake import wake_on_commit
from cameos.services.likeness import face_pack
from cameos.states import EnrolmentState
from core.locks import hold
from core.switches import CAMEOS, READ_ONLY, is_thrown

# Longer than the check may take by its own limits, so a living worker need not renew it.
LEASE = timedelta(seconds=120)
CLAIMS_MAX = 3  # a capture that brought down so many workers is not given to another
AT_ONCE_MAX = 2  # each decodes video and runs models on a core or two
_log = logging.getLogger(__name__)


def verify_enrolment(*, enrolment_id: UUID) -> None:
    """Look at a submitted capture and bring its enrolment to an outcome.

    Harmless at any time and twice at once. A failure of ours leaves the lease: when it has run out,
    the sweep calls another worker, three in all.

    Raises:
        PackError: the pack in use cannot be read, or nobody has measured it.
        KekMissing: a key is wrapped under a key that LIKENESS_KEKS no longer has.
        SealBroken: what is kept of another face was altered.
        OSError: the object store or this machine's disk fails.
    """
    enrolment = _claim(enrolment_id)
    if enrolment is None:
        return
    try:
        report = _report_on(enrolment)
        if isinstance(report, str):
            refuse(enrolment, report)
        else:
            settle(enrolment, report)
    except (EnrolmentNotPossible, KeyShredded):
        _log.info("enrolment %s moved on by itself", enrolment_id)
    finally:
        for waiting in waiting_for_worker()[:1]:
            wake_on_commit(waiting.pk)


def waiting_for_worker() -> QuerySet[Enrolment]:
    """Return the submitted enrolments that no worker holds, the oldest first."""
    is_free = Q(lease_until__isnull=True) | Q(lease_until__lt=Now())
    return Enrolment.objects.filter(is_free, state=EnrolmentState.VERIFYING).order_by("state_since")


def look(path: Path, enrolment: Enrolment) -> Report:
    """Have the capture checked against its challenge, in a process of its own with limits."""
    # A worker's alone: decoders and models stay out of every other process.
    from perception.liveness import Challenge, verify_sandboxed  # noqa: PLC0415

    told = {"digits": map(int, enrolment.digits), "turns": enrolment.turns.split(",")}
    return verify_sandboxed(path, Challenge.of_json(told), pack=face_pack())


def _claim(enrolment_id: UUID) -> Enrolment | None:
    """Take a submitted enrolment for this worker, with a lease and a new fence."""
    if is_thrown(CAMEOS) or is_thrown(READ_ONLY):
        return None
    with transaction.atomic():
        hold(VERIFYING)
        held = Enrolment.objects.filter(state=EnrolmentState.VERIFYING, lease_until__gt=Now())
        enrolment = waiting_for_worker().filter(pk=enrolment_id).first()
        if enrolment is None or held.count() >= AT_ONCE_MAX:
            return None
        if enrolment.fence >= CLAIMS_MAX:
            refuse(enrolment, FAILED)
            return None
        mine = Enrolment.objects.filter(
            pk=enrolment_id, state=enrolment.state, fence=enrolment.fence
        )
        if not mine.update(fence=F("fence") + 1, lease_until=Now() + LEASE):  # cancelled just now
            return None
        enrolment.refresh_from_db()
    return enrolment


def _report_on(enrolment: Enrolment) -> Report | str:
    """Return what the check says, or the one reason for which it is not made."""
    try:
        with opened_capture(enrolment) as path:
            if not _is_new(enrolment, path):
                return REPLAYED
            return look(path, enrolment)
    except (CaptureLost, SealBroken):
        _log.exception("the capture of %s is damaged", enrolment.pk)
        return FAILED


def _is_new(enrolment: Enrolment, path: Path) -> bool:
    """Tell whether no other enrolment brought these very bytes; from now on this one has."""
    digests = _digests(path)
    with transaction.atomic():
        hold(CAPTURES)
        others = Enrolment.objects.filter(capture_sha256__in=digests).exclude(pk=enrolment.pk)
        if others.exists():
            return False
        Enrolment.objects.filter(pk=enrolment.pk).update(capture_sha256=digests[0])
    return True


def _digests(path: Path) -> tuple[str, ...]:
    """Return keyed hashes of a capture: under SECRET_KEY, and under the keys before it.

    Without the key the database does not tell which video somebody handed in.
    """
    with path.open("rb") as stream:
        plain = hashlib.file_digest(stream, "sha256").digest()
    return tuple(
        salted_hmac("cameos.capture", plain, secret=key, algorithm="sha256").hexdigest()
        for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    )
