"""Faces that a machine is not sure of: a moderator decides, and until then nobody sees the clip."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts.policy import is_moderator
from cameos.errors import DoubtNotFound, DoubtSettled, LikenessInDoubt
from cameos.models import LikenessDoubt
from cameos.services.faces.film_faces import Sighting, tell_owners
from cameos.services.faces.recognition import Match
from cameos.signals import use_withdrawn
from core.errors import Forbidden
from notifications.services import publish

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from accounts.models import User

LOOKED_EVENT = "likeness.looked_at"


def is_in_doubt(clip_id: UUID) -> bool:
    """Tell whether a face of the clip waits for a moderator, or was found to be somebody's."""
    doubts = LikenessDoubt.objects.filter(clip_id=clip_id)
    return doubts.filter(Q(is_cleared__isnull=True) | Q(is_cleared=False)).exists()


def ensure_no_doubt(*, clip_id: UUID) -> None:
    """Let a clip pass whose faces nobody has to look at any more; at the gate of publishing.

    Raises:
        LikenessInDoubt: a moderator has not looked yet, or has found whose face it is.
    """
    if is_in_doubt(clip_id):
        raise LikenessInDoubt


@transaction.atomic
def settle_doubt(*, doubt_id: UUID, by: User | AnonymousUser, is_cleared: bool) -> LikenessDoubt:
    """Carry out a moderator's decision about a face, and tell the author that it was made.

    Cleared, the author may publish the clip. Else it is taken from everybody, and the owner of the
    face is told as if it had been found at once.

    Args:
        doubt_id: the question.
        by: the moderator.
        is_cleared: whether the face is somebody else's than the registered one.

    Raises:
        Forbidden: `by` may not decide.
        DoubtNotFound: there is no such question.
        DoubtSettled: a colleague was first.
    """
    if not is_moderator(by):
        raise Forbidden("Only a moderator may decide this.")
    doubts = LikenessDoubt.objects.select_for_update(of=("self",)).select_related("cameo")
    doubt = doubts.filter(pk=doubt_id).first()
    if doubt is None:
        raise DoubtNotFound
    if doubt.is_cleared is not None:
        raise DoubtSettled
    doubt.is_cleared, doubt.decided_by_id, doubt.decided_at = is_cleared, by.pk, timezone.now()
    doubt.save(update_fields=["is_cleared", "decided_by", "decided_at"])
    if not is_cleared:
        use_withdrawn.send(LikenessDoubt, cameo_id=doubt.cameo_id, clip_id=doubt.clip_id)
        match = Match(doubt.cameo_id, doubt.cameo.owner_id, doubt.cameo.kind, doubt.similarity)
        tell_owners([Sighting(match, doubt.at_seconds)], by=doubt.user_id, clip_id=doubt.clip_id)
    data = {"clip": str(doubt.clip_id), "is_cleared": is_cleared}
    publish(doubt.user_id, LOOKED_EVENT, data, durable=True)
    return doubt
