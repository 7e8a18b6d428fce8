"""What a viewer does with a clip: like it, or never see it again."""

from __future__ import annotations

from uuid import UUID

from django.db import connection

from accounts.selectors import Viewer
from feed.errors import ClipNotFound
from feed.models import Clip, ClipState, HiddenClip, HiddenReason, Like
from feed.selectors import published_clips

# The clip's row is locked first, always: so likes of one clip follow each other, the counter is the
# number of rows, and a like never lands on a clip that is being deleted.
_LIKE = f"""
    WITH clip AS (
        SELECT id FROM {Clip._meta.db_table}
        WHERE id = %(clip)s AND state = '{ClipState.PUBLISHED.value}' FOR NO KEY UPDATE
    ), liked AS (
        INSERT INTO {Like._meta.db_table} (user_id, clip_id, created_at)
        SELECT %(user)s, id, now() FROM clip
        ON CONFLICT DO NOTHING RETURNING clip_id
    )
    UPDATE {Clip._meta.db_table} AS c SET like_count = like_count + 1
    FROM liked WHERE c.id = liked.clip_id
"""  # noqa: S608 - table names of our own models
_UNLIKE = f"""
    WITH clip AS (
        SELECT id FROM {Clip._meta.db_table} WHERE id = %(clip)s FOR NO KEY UPDATE
    ), unliked AS (
        DELETE FROM {Like._meta.db_table} AS l USING clip
        WHERE l.clip_id = clip.id AND l.user_id = %(user)s RETURNING l.clip_id
    )
    UPDATE {Clip._meta.db_table} AS c SET like_count = like_count - 1
    FROM unliked WHERE c.id = unliked.clip_id
"""  # noqa: S608 - as above


def like_clip(*, clip_id: UUID, by: Viewer) -> None:
    """Like a published clip and count it once, however often and from wherever it is said.

    Raises:
        ClipNotFound: the viewer sees no such published clip.
    """
    _check_published(clip_id, by)
    _run(_LIKE, clip_id, by)


def unlike_clip(*, clip_id: UUID, by: Viewer) -> None:
    """Take a like back; without one nothing happens.

    Raises:
        ClipNotFound: the viewer sees no such published clip.
    """
    _check_published(clip_id, by)
    _run(_UNLIKE, clip_id, by)


def hide_for_viewer(*, user_id: UUID, clip_id: UUID, reason: str) -> None:
    """Never show the clip to this user again, from the next request on; the first reason stays.

    Args:
        user_id: the viewer.
        clip_id: an existing clip.
        reason: "reported" or "not_interested".
    """
    HiddenClip.objects.bulk_create(
        [HiddenClip(user_id=user_id, clip_id=clip_id, reason=HiddenReason(reason))],
        ignore_conflicts=True,
    )


def unhide_for_viewer(*, user_id: UUID, clip_id: UUID) -> None:
    """Show the clip to this user again; not hidden is fine."""
    HiddenClip.objects.filter(user_id=user_id, clip_id=clip_id).delete()


def _check_published(clip_id: UUID, viewer: Viewer) -> None:
    if not published_clips(viewer).filter(pk=clip_id).exists():
        raise ClipNotFound


def _run(statement: str, clip_id: UUID, by: Viewer) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, {"clip": clip_id, "user": by.pk})
