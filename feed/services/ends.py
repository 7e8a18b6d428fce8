"""Clips that are hidden for good because a likeness in them may not be shown any more."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction
from django.db.models.functions import Now

from core import storage
from feed.models import Clip, ClipEnd, ClipState
from feed.selectors import clips_with
from feed.signals import clip_publication_changed
from notifications.services import publish

HIDDEN_EVENT = "clip.hidden"
TOLD_AT_ONCE = 200  # clips in one sweep, each a durable event


@transaction.atomic
def end_clips_with(*, cameo_id: UUID) -> int:
    """Hide every clip with the likeness for good, with all that was made from it; return how many.

    From the caller's commit on nothing of them is served, whatever address was handed out, and a
    sweep deletes their media. A few statements for any number of clips; their authors are told
    afterwards by `tell_of_ends`.
    """
    # Newest first, as a child locks its parents: see `add_to_remix_counts`.
    shown = clips_with(cameo_id).order_by("-pk")
    locked = shown.select_for_update(of=("self",), no_key=True)
    clips = list(locked.values_list("pk", "state", "media_prefix"))
    _end([pk for pk, _, _ in clips], ClipEnd.CAMEO_REVOKED)
    _tell_unpublished([pk for pk, state, _ in clips if state == ClipState.PUBLISHED])
    storage.delete_soon([prefix for _, _, prefix in clips])
    return len(clips)


@transaction.atomic
def end_clip(*, clip_id: UUID, cameo_id: UUID) -> bool:
    """Take one clip down for good and delete its media; its author is told by `tell_of_ends`.

    Returns:
        False when no such clip shows the likeness, or nothing of it is shown.
    """
    shown = clips_with(cameo_id).filter(pk=clip_id)
    clip = shown.select_for_update(of=("self",), no_key=True).first()
    if clip is None:
        return False
    _end([clip.pk], ClipEnd.USE_WITHDRAWN)
    _tell_unpublished([clip.pk] if clip.state == ClipState.PUBLISHED else [])
    storage.delete_on_commit(clip.media_prefix)
    return True


def tell_of_ends(*, most: int = TOLD_AT_ONCE) -> int:
    """Tell authors of clips that ended, the oldest clips first, and return of how many.

    For a sweep. Each clip is told of once, in a transaction of its own: what a crash cuts off the
    next call does.
    """
    untold = Clip.objects.exclude(ended_reason="").filter(end_told_at__isnull=True)
    told = 0
    for clip_id in list(untold.order_by("pk").values_list("pk", flat=True)[:most]):
        with transaction.atomic():
            clip = (
                untold.select_for_update(no_key=True, skip_locked=True).filter(pk=clip_id).first()
            )
            if clip is None:  # another sweep's
                continue
            Clip.objects.filter(pk=clip_id).update(end_told_at=Now())
            data = {"clip": str(clip_id), "reason": clip.ended_reason}
            publish(clip.author_id, HIDDEN_EVENT, data, durable=True)
            told += 1
    return told


def _end(clip_ids: list[UUID], reason: ClipEnd) -> None:
    Clip.objects.filter(pk__in=clip_ids).update(state=ClipState.HIDDEN, ended_reason=reason)


def _tell_unpublished(clip_ids: list[UUID]) -> None:
    if clip_ids:
        clip_publication_changed.send(sender=Clip, clip_ids=clip_ids, is_published=False)
