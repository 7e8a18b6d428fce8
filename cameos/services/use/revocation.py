"""How a likeness ends: in one transaction nothing with it is served or made any more.

`revoke` locks the cameo against every gate, says so to the apps above (their receivers hide clips,
withhold media and end jobs inside the same transaction) and shreds the key. What is not urgent
follows in a second transaction; a process that dies in between leaves a `Revocation` that is not
finished, and the sweep takes it up.
"""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from cameos.custody import record, shred_key
from cameos.errors import CameoNotFound, UseNotFound
from cameos.models import (
    Cameo,
    CameoAccess,
    CameoKind,
    CameoState,
    CameoUse,
    ConsentEvent,
    Likeness,
    Receipt,
    Revocation,
    WithdrawnUse,
)
from cameos.policy.mentions import plain_handle
from cameos.selectors.reach import Reach, reach_of
from cameos.services.use.cosigns import drop_cosigns_of
from cameos.services.use.terms import held_cameo
from cameos.signals import cameo_revoked, use_withdrawn
from notifications.services import publish

if TYPE_CHECKING:
    from accounts.models import User

WITHDRAWN_EVENT = "cameo.withdrawn"
_SWEPT_AT_ONCE = 50
_log = logging.getLogger(__name__)


def revoke(*, handle: str, by: User) -> Reach:
    """End a cameo for good: when this returns, nothing with it is served or made.

    Clips that show it are hidden with their remixes, jobs are cancelled, open questions closed, its
    data key destroyed. A clip that is finishing at this moment is finished first and then hidden,
    or refused.

    Args:
        handle: the cameo's.
        by: its owner.

    Returns:
        What it touched.

    Raises:
        CameoNotFound: `by` has no such cameo.
    """
    mine = Cameo.objects.filter(owner_id=by.pk, revoked_at__isnull=True)
    cameo_id = mine.filter(handle=plain_handle(handle)).values_list("pk", flat=True).first()
    if cameo_id is None:
        raise CameoNotFound
    return revoke_cameo(cameo_id=cameo_id)


def revoke_cameo(*, cameo_id: UUID) -> Reach:
    """End a cameo by its id, as `revoke` does; for protected faces, which have no handle.

    Raises:
        CameoNotFound: there is none, or it is revoked.
    """
    with transaction.atomic():
        # FOR UPDATE: whatever shows the likeness holds the row for share until it has committed,
        # and new rows that refer to it wait until this is over.
        cameo = Cameo.objects.select_for_update().filter(pk=cameo_id).first()
        if cameo is None or cameo.state == CameoState.REVOKED:
            raise CameoNotFound
        reach = reach_of(cameo)
        cameo.state = CameoState.REVOKED
        cameo.revoked_at = timezone.now()
        cameo.save(update_fields=["state", "revoked_at"])
        Revocation.objects.create(cameo=cameo, reach=reach.counts())
        drop_cosigns_of(cameo_id=cameo.pk)
        shred_key(cameo.pk)
        record(ConsentEvent.REVOKED, subject_id=cameo.pk, reach=reach.counts())
        cameo_revoked.send(sender=Cameo, cameo_id=cameo.pk)
        transaction.on_commit(partial(_finish_now, cameo.pk), robust=True)
    return reach


def end_likenesses_of(*, user_id: UUID) -> int:
    """Revoke all that a person owns and return how many; for the deletion of their account."""
    mine = Cameo.objects.filter(owner_id=user_id, revoked_at__isnull=True)
    return sum(map(_revoke_if_there, mine.order_by("pk").values_list("pk", flat=True)))


def end_ownerless() -> int:
    """End the cameos whose owner's account is deleted, and forget their names; return how many.

    An account that is deleted past `end_likenesses_of` leaves them: nobody can use them from then
    on, and this sweep does the rest.
    """
    left = Cameo.objects.filter(owner__isnull=True).exclude(kind=CameoKind.LISTED)
    alive = left.filter(revoked_at__isnull=True).order_by("pk")
    ended = sum(map(_revoke_if_there, alive.values_list("pk", flat=True)[:_SWEPT_AT_ONCE]))
    left.filter(revoked_at__isnull=False, handle__isnull=False).update(
        handle=None, name="", restriction_text=""
    )
    return ended


def carry_on_revocations() -> int:
    """Finish the revocations that a crash left behind and return how many; harmless at any time."""
    # In any order: one that fails each time must not keep others from their turn.
    unfinished = Revocation.objects.filter(finished_at__isnull=True).order_by("?")
    cameo_ids = list(unfinished.values_list("cameo_id", flat=True)[:_SWEPT_AT_ONCE])
    return sum(map(_finish_now, cameo_ids))


def withdraw_use(*, handle: str, clip_id: UUID, by: User) -> WithdrawnUse:
    """Take a likeness out of one clip, made or in the making; again changes nothing.

    The apps above hide the clip or end its job in the same transaction, its receipt is withdrawn,
    and no gate lets the clip through again. Its author is told.

    Args:
        handle: the cameo's.
        clip_id: the clip.
        by: the cameo's owner.

    Raises:
        CameoNotFound: `by` has no such cameo.
        UseNotFound: no gate was asked about it for such a clip.
    """
    with transaction.atomic():
        cameo = held_cameo(handle, owner_id=by.pk)
        used = CameoUse.objects.filter(cameo=cameo, clip_id=clip_id)
        users = set(used.values_list("user_id", flat=True))
        if not users:
            raise UseNotFound
        withdrawn, is_new = WithdrawnUse.objects.get_or_create(cameo=cameo, clip_id=clip_id)
        if not is_new:
            return withdrawn
        Receipt.objects.filter(cameo=cameo, clip_id=clip_id, withdrawn_at=None).update(
            withdrawn_at=Now()
        )
        record(ConsentEvent.USE_WITHDRAWN, subject_id=cameo.pk, clip=str(clip_id))
        use_withdrawn.send(sender=Cameo, cameo_id=cameo.pk, clip_id=clip_id)
        data = {"cameo": cameo.handle, "clip": str(clip_id)}
        for user_id in sorted(users - {None, by.pk}, key=str):
            publish(user_id, WITHDRAWN_EVENT, data, durable=True)
    return withdrawn


def _revoke_if_there(cameo_id: UUID) -> bool:
    try:
        revoke_cameo(cameo_id=cameo_id)
    except CameoNotFound:
        return False
    return True


def _finish_now(cameo_id: UUID) -> bool:
    """Finish one; what goes wrong is left to the next sweep and keeps up no other."""
    try:
        return _finish(cameo_id)
    except Exception:  # noqa: BLE001 - a receiver's fault must not keep up the others
        _log.exception("the revocation of %s is not finished yet", cameo_id)
        return False


def _finish(cameo_id: UUID) -> bool:
    """Do what follows a revocation, once; return whether it was still to do."""
    with transaction.atomic():
        pending = Revocation.objects.select_for_update(skip_locked=True).filter(
            cameo_id=cameo_id, finished_at__isnull=True
        )
        revocation = pending.first()
        if revocation is None:
            return False
        shred_key(cameo_id)  # where a key was made by a process that had not seen the end
        # Once more, for what receivers leave to be repeated.
        cameo_revoked.send(sender=Cameo, cameo_id=cameo_id)
        Likeness.objects.filter(cameo_id=cameo_id).delete()
        CameoAccess.objects.filter(cameo_id=cameo_id).delete()
        Revocation.objects.filter(pk=revocation.pk).update(finished_at=Now())
    return True
