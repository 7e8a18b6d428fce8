"""Ask an owner about one clip before it is made, and take their answer.

The rows of one clip are locked together, in the order of ids: of two owners who agree at once one
is second and sees that both have. Locks come in the order cameo, co-signs, consent log, job; only
`drop_cosigns` comes from a job that is locked, and leaves alone what somebody is answering.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from cameos.custody import record
from cameos.errors import CosignClosed, CosignNotFound
from cameos.models import Cameo, ConsentEvent, Cosign, CosignState
from cameos.policy.permission import Reason
from cameos.signals import cosign_settled
from notifications.services import publish

if TYPE_CHECKING:
    from accounts.models import User

REQUESTED_EVENT = "cosign.requested"
ANSWERED_EVENT = "cosign.answered"
_SWEPT_AT_ONCE = 200
_CODES = {
    CosignState.DENIED: Reason.COSIGN_DENIED,
    CosignState.EXPIRED: Reason.COSIGN_EXPIRED,
}


def ask_owners(
    *, by: User, clip_id: UUID, cameo_ids: Sequence[UUID], preview: dict[str, Any]
) -> None:
    """Ask the owners whether this clip may be made, in the transaction that makes its job.

    Asking again for the same clip changes nothing. An owner has COSIGN_HOURS to answer.

    Args:
        by: who wants to make the clip.
        clip_id: the clip in the making.
        cameo_ids: those whose judgement was "asked".
        preview: JSON of what is asked for, in its author's words; emptied when the question ends.
    """
    expires_at = timezone.now() + timedelta(hours=settings.COSIGN_HOURS)
    with transaction.atomic():
        asked = {
            cosign.pk: cosign
            for cosign in Cosign.objects.filter(clip_id=clip_id, cameo_id__in=cameo_ids)
        }
        known = {cosign.cameo_id for cosign in asked.values()}
        cameos = Cameo.objects.filter(pk__in=set(cameo_ids) - known, owner__isnull=False)
        made = [
            Cosign(
                cameo=cameo, user_id=by.pk, clip_id=clip_id, preview=preview, expires_at=expires_at
            )
            for cameo in cameos.order_by("owner_id", "pk")
        ]
        Cosign.objects.bulk_create(made)
        for cosign in made:
            _tell_owner(cosign, by)


def answer_cosign(*, cosign_id: UUID, by: User, is_approved: bool) -> Cosign:
    """Take an owner's answer; the last agreement or the first refusal settles the clip.

    The same answer again changes nothing. The consent log keeps the answer with a hash of what was
    asked.

    Args:
        cosign_id: the question.
        by: the cameo's owner.
        is_approved: whether the clip may be made with their likeness.

    Raises:
        CosignNotFound: nobody asked `by` this.
        CosignClosed: it was answered otherwise, is too late, or the clip is given up.
    """
    state = CosignState.APPROVED if is_approved else CosignState.DENIED
    with transaction.atomic():
        rows = _held_with_siblings(cosign_id, owner_id=by.pk)
        cosign = next(row for row in rows if row.pk == cosign_id)
        if cosign.state == state:
            return cosign
        if cosign.state != CosignState.ASKED or cosign.expires_at <= timezone.now():
            raise CosignClosed(state=shown_state(cosign))
        record(
            ConsentEvent.COSIGNED,
            subject_id=cosign.cameo_id,
            cosign=str(cosign.pk),
            clip=str(cosign.clip_id),
            is_approved=is_approved,
            preview_sha256=_sha256(cosign.preview),
        )
        _end(cosign, state)
        _settle(rows, cosign)
        _tell_asker(cosign)
    return cosign


def expire_cosigns() -> int:
    """End the questions whose time is over and return how many; harmless at any time."""
    late = Cosign.objects.filter(state=CosignState.ASKED, expires_at__lte=Now())
    clips = list(dict.fromkeys(late.order_by("expires_at").values_list("clip_id", flat=True)))
    return sum(map(_expire, clips[:_SWEPT_AT_ONCE]))


def drop_cosigns(*, clip_id: UUID) -> None:
    """Close what is still asked about a clip whose job ended, in the transaction that ends it."""
    _drop(
        Cosign.objects.select_for_update(skip_locked=True).filter(
            clip_id=clip_id, state=CosignState.ASKED
        )
    )


def drop_cosigns_of(*, cameo_id: UUID) -> None:
    """Close what is still asked about a cameo that ends, in the transaction that ends it."""
    open_ones = Cosign.objects.filter(cameo_id=cameo_id, state=CosignState.ASKED)
    _drop(open_ones.select_for_update().order_by("pk"))


def shown_state(cosign: Cosign) -> str:
    """Return where the question stands; one that is too late is expired before a sweep says so."""
    if cosign.state == CosignState.ASKED and cosign.expires_at <= timezone.now():
        return CosignState.EXPIRED
    return cosign.state


def _held_with_siblings(cosign_id: UUID, *, owner_id: UUID) -> list[Cosign]:
    """Return all questions about the clip of this one, locked.

    Raises:
        CosignNotFound: the owner was not asked this.
    """
    mine = Cosign.objects.filter(pk=cosign_id, cameo__owner_id=owner_id)
    clip_id = mine.values_list("clip_id", flat=True).first()
    if clip_id is None:
        raise CosignNotFound
    return _held(clip_id)


def _held(clip_id: UUID) -> list[Cosign]:
    rows = Cosign.objects.select_for_update(of=("self",)).select_related("cameo", "user")
    return list(rows.filter(clip_id=clip_id).order_by("pk"))


def _expire(clip_id: UUID) -> int:
    with transaction.atomic():
        rows = _held(clip_id)
        now = timezone.now()
        late = [row for row in rows if row.state == CosignState.ASKED and row.expires_at <= now]
        for cosign in late:
            _end(cosign, CosignState.EXPIRED)
        if late:
            _settle(rows, late[0])
        for cosign in late:
            _tell_asker(cosign)
    return len(late)


def _settle(rows: Sequence[Cosign], ended: Cosign) -> None:
    """Tell the apps above when a clip may go on, or may not; close what is then asked in vain."""
    if ended.state == CosignState.APPROVED:
        if all(row.state == CosignState.APPROVED for row in rows):
            _send(ended.clip_id, is_approved=True)
        return
    for row in rows:
        if row.state == CosignState.ASKED:
            _end(row, CosignState.DROPPED)
    _send(ended.clip_id, is_approved=False, code=_CODES[CosignState(ended.state)])


def _send(clip_id: UUID, *, is_approved: bool, code: str = "") -> None:
    cosign_settled.send(sender=Cosign, clip_id=clip_id, is_approved=is_approved, code=str(code))


def _drop(rows: Any) -> None:
    for cosign in rows:
        _end(cosign, CosignState.DROPPED)


def _end(cosign: Cosign, state: CosignState) -> None:
    """Close a question; what it told of the clip is not kept."""
    cosign.state = state
    cosign.preview = {}
    cosign.answered_at = timezone.now()
    cosign.save(update_fields=["state", "preview", "answered_at"])


def _tell_owner(cosign: Cosign, by: User) -> None:
    assert cosign.cameo.owner_id is not None  # noqa: S101 - filtered where it was made
    data = {
        "cosign": str(cosign.pk),
        "cameo": cosign.cameo.handle,
        "clip": str(cosign.clip_id),
        "by": by.username,
        "expires_at": cosign.expires_at.isoformat().replace("+00:00", "Z"),
    }
    publish(cosign.cameo.owner_id, REQUESTED_EVENT, data, durable=True)


def _tell_asker(cosign: Cosign) -> None:
    data = {
        "cosign": str(cosign.pk),
        "cameo": cosign.cameo.handle,
        "clip": str(cosign.clip_id),
        "state": cosign.state,
    }
    publish(cosign.user_id, ANSWERED_EVENT, data, durable=True)


def _sha256(preview: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(preview, sort_keys=True).encode()).hexdigest()
