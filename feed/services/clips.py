"""The life of a clip: draft, published, hidden by moderation, deleted to a tombstone."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import cast as typed
from uuid import UUID

from django.db import connection, transaction
from django.utils import timezone

from accounts.selectors import Viewer
from cameos.services import ensure_no_doubt, ensure_still_permitted
from core import storage
from core.errors import InvalidField
from core.ids import new_id
from credits.services import reward_referral
from feed.errors import ClipEnded, ClipHidden, ClipNotFound, NotYourClip
from feed.models import (
    CAPTION_CHARACTERS_MAX,
    Clip,
    ClipCast,
    ClipState,
    HiddenClip,
    Like,
    RemixAllowed,
)
from feed.selectors import cast_of, visible_clip
from feed.services.gates import check_caption_of_cast, pass_publish_gate
from feed.signals import caption_changing, clip_publication_changed

_COUNT = f"""
    UPDATE {Clip._meta.db_table} AS c SET remix_count = c.remix_count + a.by
    FROM unnest(%s::uuid[], %s::int[]) AS a (id, by) WHERE c.id = a.id
"""  # noqa: S608 - the table name of our own model


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
    cast: Collection[UUID] = (),
    inherited: Collection[UUID] = (),
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
        cast: the cameos that its engine was given; held by `ensure_still_permitted`.
        inherited: further cameos, which its parents show.

    Raises:
        ValueError: the prefix is not one of the object store.
        InvalidField: the caption is too long.
    """
    storage.prefix_of(f"{media_prefix}x")
    _check_caption(caption)
    clip, is_made = Clip.objects.get_or_create(
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
    if is_made:
        rows = [ClipCast(clip=clip, cameo_id=each, is_inherited=False) for each in cast]
        rows += [
            ClipCast(clip=clip, cameo_id=each, is_inherited=True)
            for each in inherited
            if each not in cast
        ]
        ClipCast.objects.bulk_create(rows)
    return clip


def set_remix_source(*, clip_id: UUID, parent_id: UUID) -> None:
    """Name the clip that this one was made from, and with it the root; the first parent stays.

    Of every parent it inherits the cast: what ends a likeness ends all that was made from it.
    """
    parent = Clip.objects.get(pk=parent_id)
    theirs = ClipCast.objects.filter(clip_id=parent_id).values_list("cameo_id", flat=True)
    ClipCast.objects.bulk_create(
        [ClipCast(clip_id=clip_id, cameo_id=each, is_inherited=True) for each in theirs],
        ignore_conflicts=True,
    )
    Clip.objects.filter(pk=clip_id, remix_parent__isnull=True).update(
        remix_parent=parent, remix_root_id=parent.remix_root_id or parent.pk
    )


def add_to_remix_counts(*, changes: Mapping[UUID, int]) -> None:
    """Add to the number of published remixes of each clip; what is added may be negative."""
    # One order for everybody, newest first as a child locks its parents: two remixes of the same
    # two parents cannot wait for each other, nor for what ends a whole lineage.
    locked = Clip.objects.filter(pk__in=changes).order_by("-pk").select_for_update(no_key=True)
    ids = [clip.pk for clip in locked.only("pk")]
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, [ids, [changes[each] for each in ids]])


def publish_clip(*, clip_id: UUID, by: Viewer) -> None:
    """Show a draft to everybody; twice is harmless. Who invited its author may get credits for it.

    Each owner of a likeness in it is asked by the terms of today, and the answers are kept also
    when one is no.

    Raises:
        ClipNotFound: not visible to who asks.
        NotYourClip: somebody else's.
        ClipHidden: a moderator hid it.
        cameos.errors.CameoNotPermitted: an owner's terms do not permit it.
        cameos.errors.LikenessInDoubt: a moderator has to look at a face in it first.
        CosignAwaited: an owner is to be asked first, and now is.
    """
    pass_publish_gate(clip_id=clip_id, by=by)
    publish_permitted(clip_id=clip_id, by=by)


@transaction.atomic
def publish_permitted(*, clip_id: UUID, by: Viewer) -> None:
    """Publish a draft as `publish_clip` does, once its likenesses have passed the publish gate.

    Raises:
        ClipNotFound: not visible to who asks.
        NotYourClip: somebody else's.
        ClipHidden: a moderator hid it.
        cameos.errors.CameoNotPermitted: an owner's terms have changed since.
        cameos.errors.LikenessInDoubt: a moderator has to look at a face in it first.
    """
    # The cameos before the clip, as what revokes one locks them.
    if Clip.objects.filter(pk=clip_id, state=ClipState.DRAFT).exists():
        ensure_still_permitted(by=typed(UUID, by.pk), cameo_ids=cast_of(clip_id), clip_id=clip_id)
    clip = _own(clip_id, by)
    if clip.state == ClipState.HIDDEN:
        raise ClipHidden
    if clip.state == ClipState.DRAFT:
        ensure_no_doubt(clip_id=clip_id)
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
        cameos.errors.CameoNotPermitted: the caption breaks a restriction of a likeness in it.
        DomainError: a receiver of `caption_changing` refuses the caption.
    """
    clip = _own(clip_id, by)
    if caption is not None:
        _check_caption(caption)
        check_caption_of_cast(clip_id=clip.pk, by=by, caption=caption)
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
    clip = _own(clip_id, by, even_ended=True)
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
        ClipEnded: it is hidden for good.
    """
    clip = _locked(clip_id)
    if clip.ended_reason:
        raise ClipEnded
    if clip.state == ClipState.HIDDEN:
        before = ClipState(clip.state_before_hidden)
        clip.state_before_hidden = ""
        _move(clip, to=before)
        storage.release(clip.media_prefix)


def collect_deleted_media() -> int:
    """Delete what is left of deleted clips' media and return of how many; safe at any time."""
    return storage.collect_deleted()


def _own(clip_id: UUID, by: Viewer, *, even_ended: bool = False) -> Clip:
    """Return the user's own clip with its row locked.

    Raises:
        ClipNotFound: not visible to them; of those that ended their author may have it back here.
        NotYourClip: visible, and somebody else's.
    """
    ended = Clip.objects.filter(pk=clip_id, author_id=by.pk).exclude(ended_reason="")
    is_found = even_ended and ended.exists()
    if not is_found and visible_clip(clip_id, viewer=by).author_id != by.pk:
        raise NotYourClip
    clip = _locked(clip_id)
    if clip.state == ClipState.DELETED or (clip.ended_reason and not even_ended):  # meanwhile
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
            sender=Clip, clip_ids=[clip.pk], is_published=to == ClipState.PUBLISHED
        )


def _check_caption(caption: str) -> None:
    if len(caption) > CAPTION_CHARACTERS_MAX:
        raise InvalidField(f"At most {CAPTION_CHARACTERS_MAX} characters.", field="caption")
