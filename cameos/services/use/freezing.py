"""Moderators stop a cameo for the time being, and let it go on."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from django.db import transaction

from accounts.policy import is_moderator
from cameos.custody import record
from cameos.errors import (
    CameoNotFound,
    FreezeNotPossible,
    FreezeNotYours,
    FreezeReasonRequired,
)
from cameos.models import Cameo, CameoState, ConsentEvent
from notifications.services import publish

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from accounts.models import User

FROZEN_EVENT, UNFROZEN_EVENT = "cameo.frozen", "cameo.unfrozen"
REASON_CHARACTERS_MAX = 500


def freeze(*, cameo_id: UUID, by: User | AnonymousUser, reason: str) -> Cameo:
    """Let nobody use a cameo from now on, its owner neither, and tell the owner why.

    What is published stays; jobs that have not finished are refused at their next gate.

    Args:
        cameo_id: an active cameo.
        by: a moderator.
        reason: 1 to 500 characters that the owner reads.

    Raises:
        FreezeNotYours: `by` is no moderator, or it is their own.
        FreezeReasonRequired: there is no reason, or it is too long.
        CameoNotFound: there is no such cameo.
        FreezeNotPossible: it is not active.
    """
    return _move(cameo_id, by, reason, (CameoState.ACTIVE, CameoState.FROZEN), ConsentEvent.FROZEN)


def unfreeze(*, cameo_id: UUID, by: User | AnonymousUser, reason: str) -> Cameo:
    """Let a frozen cameo be used again under its terms, and tell the owner.

    Args:
        cameo_id: a frozen cameo.
        by: a moderator.
        reason: 1 to 500 characters that the owner reads.

    Raises:
        FreezeNotYours: `by` is no moderator, or it is their own.
        FreezeReasonRequired: there is no reason, or it is too long.
        CameoNotFound: there is no such cameo.
        FreezeNotPossible: it is not frozen.
    """
    return _move(
        cameo_id, by, reason, (CameoState.FROZEN, CameoState.ACTIVE), ConsentEvent.UNFROZEN
    )


def _move(
    cameo_id: UUID,
    by: User | AnonymousUser,
    reason: str,
    move: tuple[CameoState, CameoState],
    event: ConsentEvent,
) -> Cameo:
    """Move the cameo.

    Raises:
        FreezeNotYours: `by` may not.
        FreezeReasonRequired: no reason, or too long a one.
        CameoNotFound: there is no such cameo.
        FreezeNotPossible: it is not in the state before.
    """
    if not is_moderator(by):
        raise FreezeNotYours
    reason = reason.strip()
    if not 0 < len(reason) <= REASON_CHARACTERS_MAX:
        raise FreezeReasonRequired(field="reason")
    before, after = move
    with transaction.atomic():
        cameo = Cameo.objects.select_for_update(no_key=True).filter(pk=cameo_id).first()
        if cameo is None:
            raise CameoNotFound
        if cameo.owner_id == by.pk:
            raise FreezeNotYours("A colleague has to decide on your own cameo.")
        if cameo.state != before:
            raise FreezeNotPossible(state=cameo.state)
        is_frozen = after == CameoState.FROZEN
        cameo.state, cameo.frozen_reason = after, reason if is_frozen else ""
        cameo.save(update_fields=["state", "frozen_reason"])
        record(event, subject_id=cameo.pk, by=str(by.pk))
        if cameo.owner_id is not None:
            publish(
                cameo.owner_id,
                FROZEN_EVENT if is_frozen else UNFROZEN_EVENT,
                {"cameo": cameo.handle, "reason": reason},
                durable=True,
            )
    return cameo
