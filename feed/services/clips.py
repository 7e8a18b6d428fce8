"""The life of a clip: draft, published, hidden by moderation, deleted to a tombstone."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from accounts.selectors import Viewer
from core import storage
from core.errors import InvalidField
from core.ids import new_id
from credits.services import reward_referral
from feed.errors import ClipHidden, ClipNotFound, NotYourClip
from feed.models import CAPTION_CHARACTERS_MAX, Clip, ClipState, HiddenClip, Like, RemixAllowed
from feed.selectors import visible_clip
from feed.signals import caption_changing, clip_publication_changed


def create_draft(  # noqa: PLR0913 - the facts of a finished clip; none has a sensible default
    *,
    author_id: UUID,
    mark_id: int,
    caption: str,
    seconds: float,
    width_px: int,
    height_px: int,
    engine: str,
    engine_is_procedural: bool,
    media_prefix: str,
    has_captions: bool = False,
    clip_id: UUID | None = None,
    created_at: datetime | None = None,
    remix_allowed: str = RemixAllowed.EVERYONE,
) -> Clip:
    """Put a finished clip among its author's drafts and return it; its media is saved already.

    Calling again with the same `clip_id` returns the first clip and changes nothing.

    Args:
        author_id: whose clip it is.
        mark_id: the invisible mark's payload, positive and below 2**63.
        caption: at most 300 characters.
        seconds: its length.
        width_px: of the MP4.
        height_px: of the MP4.
        engine: name of the engine that drew it.
        engine_is_procedural: whether that engine computes a scene rather than runs a model.
        media_prefix: `clips/<clip_id>/<version>/`, holding MP4_NAME, POSTER_NAME and HLS_NAME.
        has_captions: whether CAPTIONS_NAME is there, too.
        clip_id: the id that the media's claims name; None: a new one.
        created_at: when it was made; None: now.
        remix_allowed: who may remix it.

    Raises:
        ValueError: the prefix is not one of the object store.
        InvalidField: the caption is too long.
    """
    storage.prefix_of(f"{media_prefix}x")
    _check_caption(caption)
    clip, _ = Clip.objects.get_or_create(
        pk=clip_id or new_id(),
        defaults={
            "author_id": author_id,
            "mark_id": mark_id,
            "caption": caption,
            "seconds": seconds,
            "width_px": width_px,
            "height_px": height_px,
            "engine": engine,
            "engine_is_procedural": engine_is_procedural,
            "media_prefix": media_prefix,
            "has_captions": has_captions,
            "created_at": created_at or timezone.now(),
            "remix_allowed": remix_allowed,
        },
    )
    return clip


def set_remix_source(*, clip_id: UUID, parent_id: UUID) -> None:
    """Name the clip that this one was made from, and with it the root; the first parent stays."""
    parent = Clip.objects.get(pk=parent_id)
    Clip.objects.filter(pk=clip_id, remix_parent__isnull=True).update(
        remix_parent=parent, remix_root_id=parent.remix_root_id or parent.pk
    )


def add_to_remix_count(*, clip_ids: list[UUID], by: int) -> None:
    """Add `by`, which may be negative, to the number of published remixes of each clip."""
    # One order for everybody: two remixes of the same two parents cannot wait for each other.
    locked = Clip.objects.filter(pk__in=clip_ids).order_by("pk").select_for_update(no_key=True)
    ids = [clip.pk for clip in locked.only("pk")]
    Clip.objects.filter(pk__in=ids).update(remix_count=F("remix_count") + by)


@transaction.atomic
def publish_clip(*, clip_id: UUID, by: Viewer) -> None:
    """Show a draft to everybody; twice is harmless. Who invited its author may get credits for it.

    Raises:
        ClipNotFound: not visible to who asks.
        NotYourClip: somebody else's.
        ClipHidden: a moderator hid it.
    """
    clip = _own(clip_id, by)
    if clip.state == ClipState.HIDDEN:
        raise ClipHidden
    if clip.state == ClipState.DRAFT:
        clip.published_at = timezone.now()
        _move(clip, to=ClipState.PUBLISHED)
        reward_referral(clip.author_id)


@transaction.atomic
def update_clip(
    *, clip_id: UUID, by: Viewer, caption: str | None = None, remix_allowed: str | None = None
) -> None:
    """Set the caption and who may remix from now on; None leaves either as it is.

    Raises:
        ClipNotFound: not visible to who asks.
        NotYourClip: somebody else's.
        InvalidField: the caption is too long.
        DomainError: a receiver of `caption_changing` refuses the caption.
    """
    clip = _own(clip_id, by)
    if caption is not None:
        _check_caption(caption)
        caption_changing.send(sender=Clip, clip_id=clip.pk, caption=caption)
        clip.caption = caption
    if remix_allowed is not None:
        clip.remix_allowed = RemixAllowed(remix_allowed)
    clip.save(update_fields=["caption", "remix_allowed"])


@transaction.atomic
def delete_clip(*, clip_id: UUID, by: Viewer) -> None:
    """Turn a clip into a tombstone: its media, likes and caption go, its remixes keep the credit.

    The media stops answering with this commit and is deleted after it; a sweep repeats what fails.

    Raises:
        ClipNotFound: not visible to who asks, or deleted already.
        NotYourClip: somebody else's.
    """
    clip = _own(clip_id, by)
    clip.caption, clip.like_count = "", 0
    _move(clip, to=ClipState.DELETED)
    Like.objects.filter(clip=clip).delete()
    HiddenClip.objects.filter(clip=clip).delete()
    storage.delete_on_commit(clip.media_prefix)


@transaction.atomic
def hide_clip(*, clip_id: UUID) -> None:
    """Take a clip and its media from every viewer, its author's player included; for moderation.

    Twice is harmless; a deleted clip stays deleted.

    Raises:
        ClipNotFound: there never was such a clip.
    """
    clip = _locked(clip_id)
    if clip.state in {ClipState.DRAFT, ClipState.PUBLISHED}:
        clip.state_before_hidden = clip.state
        _move(clip, to=ClipState.HIDDEN)
        storage.withhold(clip.media_prefix)


@transaction.atomic
def restore_clip(*, clip_id: UUID) -> None:
    """Put a hidden clip back into exactly the state it was hidden in; any other stays as it is.

    Raises:
        ClipNotFound: there never was such a clip.
    """
    clip = _locked(clip_id)
    if clip.state == ClipState.HIDDEN:
        before = ClipState(clip.state_before_hidden)
        clip.state_before_hidden = ""
        _move(clip, to=before)
        storage.release(clip.media_prefix)


def collect_deleted_media() -> int:
    """Delete what is left of deleted clips' media and return of how many; safe at any time."""
    return storage.collect_deleted()


def _own(clip_id: UUID, by: Viewer) -> Clip:
    """Return the user's own clip with its row locked.

    Raises:
        ClipNotFound: not visible to them.
        NotYourClip: visible, and somebody else's.
    """
    if visible_clip(clip_id, viewer=by).author_id != by.pk:
        raise NotYourClip
    clip = _locked(clip_id)
    if clip.state == ClipState.DELETED:  # meanwhile
        raise ClipNotFound
    return clip


def _locked(clip_id: UUID) -> Clip:
    """Return the clip with its row locked until the transaction ends.

    Raises:
        ClipNotFound: there never was such a clip.
    """
    # No key: likes hold the key of the row they refer to, and need not wait for this.
    clip = Clip.objects.select_for_update(no_key=True).filter(pk=clip_id).first()
    if clip is None:
        raise ClipNotFound
    return clip


def _move(clip: Clip, *, to: ClipState) -> None:
    """Save the locked clip in its new state and tell who counts published clips."""
    was_published = clip.state == ClipState.PUBLISHED
    clip.state = to
    clip.save(
        update_fields=["state", "state_before_hidden", "published_at", "caption", "like_count"]
    )
    if was_published != (to == ClipState.PUBLISHED):
        clip_publication_changed.send(
            sender=Clip, clip_id=clip.pk, is_published=to == ClipState.PUBLISHED
        )


def _check_caption(caption: str) -> None:
    if len(caption) > CAPTION_CHARACTERS_MAX:
        raise InvalidField(f"At most {CAPTION_CHARACTERS_MAX} characters.", field="caption")
