"""Which clips a viewer may see; every read of clips starts here."""

from __future__ import annotations

from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts.errors import UserNotFound
from accounts.selectors import (
    Viewer,
    following_ids,
    hidden_user_ids,
    muted_user_ids,
    visible_users,
)
from cameos.selectors import Shown, Stage
from feed.errors import ClipNotFound, UnknownFeedMode
from feed.models import Clip, ClipCast, ClipState, HiddenClip


def published_clips(viewer: Viewer) -> QuerySet[Clip]:
    """Return the published clips that the viewer may see.

    Not those across a block in either direction, of accounts that are switched off, or
    hidden for this viewer.
    """
    return _unblocked(viewer).filter(_published_for(viewer))


def visible_clips(viewer: Viewer) -> QuerySet[Clip]:
    """Return the clips that the viewer may see.

    Published ones, and in any state but deleted their own and those with a likeness of theirs,
    drafts and clips across a block too. None that ended: see `ClipEnd`.
    """
    seen = _not_blocked(viewer) & (_published_for(viewer) | _own(viewer))
    return _shown_at_all().filter(seen | _starring(viewer))


def creditable_clips(viewer: Viewer) -> QuerySet[Clip]:
    """Return the clips whose author a lineage may name: visible ones and tombstones."""
    tombstone = Q(state=ClipState.DELETED)
    return _unblocked(viewer).filter(_published_for(viewer) | _own(viewer) | tombstone)


def feed_clips(viewer: Viewer, *, mode: str) -> QuerySet[Clip]:
    """Return the clips of a feed, unordered; whom the viewer mutes is left out.

    Args:
        viewer: who looks.
        mode: "latest": everybody's; "following": of the accounts that the viewer follows.

    Raises:
        UnknownFeedMode: another mode.
    """
    clips = published_clips(viewer).exclude(author_id__in=muted_user_ids(viewer))
    if mode == "latest":
        return clips
    if mode == "following":
        if not viewer.is_authenticated:
            return clips.none()
        return clips.filter(author_id__in=following_ids(viewer.pk))
    raise UnknownFeedMode(f"The modes are latest and following, not {mode[:20]!r}.", field="mode")


def drafts_of(viewer: Viewer) -> QuerySet[Clip]:
    """Return the viewer's own clips that were never published."""
    return _shown_at_all().filter(_own(viewer), published_at__isnull=True)


def clips_by(username: str, *, viewer: Viewer) -> QuerySet[Clip]:
    """Return a user's published clips; the author's own view has those that moderation hid, too.

    Raises:
        UserNotFound: there is no such user for the viewer.
    """
    author = visible_users(viewer).filter(username=username.lower()).first()
    if author is None:
        raise UserNotFound
    if author == viewer:
        return _shown_at_all().filter(_own(viewer), published_at__isnull=False)
    return published_clips(viewer).filter(author=author)


def visible_clip(clip_id: UUID, *, viewer: Viewer) -> Clip:
    """Return a clip that the viewer may see.

    Raises:
        ClipNotFound: there is none for them.
    """
    clip = visible_clips(viewer).select_related("author").filter(pk=clip_id).first()
    if clip is None:
        raise ClipNotFound
    return clip


def author_of(clip_id: UUID) -> UUID:
    """Return the id of a clip's author, whatever the clip's state.

    Raises:
        ClipNotFound: there never was such a clip.
    """
    author_id = Clip.objects.filter(pk=clip_id).values_list("author_id", flat=True).first()
    if author_id is None:
        raise ClipNotFound
    return author_id


def cast_of(clip_id: UUID) -> list[UUID]:
    """Return the cameos of a clip, inherited ones too, whatever its state; in a fixed order."""
    cast = ClipCast.objects.filter(clip_id=clip_id)
    return list(cast.order_by("cameo_id").values_list("cameo_id", flat=True))


def clips_with(cameo_id: UUID) -> QuerySet[Clip]:
    """Return the clips that show a likeness, inherited or not, unpublished and hidden ones too."""
    there = Clip.objects.filter(ended_reason="").exclude(state=ClipState.DELETED)
    return there.filter(cast__cameo_id=cameo_id)


def shown_in_clips(cameo_id: UUID) -> list[Shown]:
    """Return the same for the owner of the likeness, in one query."""
    rows = clips_with(cameo_id).values_list("pk", "author_id", "state", "cast__is_inherited")
    stages = {ClipState.PUBLISHED: Stage.PUBLISHED}
    return [
        Shown(pk, author_id, stages.get(ClipState(state), Stage.UNPUBLISHED), is_inherited)
        for pk, author_id, state, is_inherited in rows
    ]


def is_unpublished(clip_id: UUID) -> bool:
    """Tell whether the clip is there and was never published."""
    return Clip.objects.filter(
        pk=clip_id, published_at__isnull=True, state=ClipState.DRAFT
    ).exists()


def clip_of_mark(mark_id: int) -> UUID | None:
    """Return the id of the clip that carries this invisible mark, whatever its state."""
    return Clip.objects.filter(mark_id=mark_id).values_list("pk", flat=True).first()


def _shown_at_all() -> QuerySet[Clip]:
    """Return what anybody may see at all: not of accounts that are off, nor with an ended cameo."""
    return Clip.objects.filter(author__is_active=True, ended_reason="")


def _unblocked(viewer: Viewer) -> QuerySet[Clip]:
    return _shown_at_all().filter(_not_blocked(viewer))


def _not_blocked(viewer: Viewer) -> Q:
    if not viewer.is_authenticated:
        return Q()
    return ~Q(author_id__in=hidden_user_ids(viewer))


def _published_for(viewer: Viewer) -> Q:
    published = Q(state=ClipState.PUBLISHED)
    if not viewer.is_authenticated:
        return published
    hidden = HiddenClip.objects.filter(user=viewer, clip_id=OuterRef("pk"))
    return published & Q(~Exists(hidden))


def _own(viewer: Viewer) -> Q:
    if not viewer.is_authenticated:
        return Q(pk__in=[])
    return Q(author_id=viewer.pk) & ~Q(state=ClipState.DELETED)


def _starring(viewer: Viewer) -> Q:
    if not viewer.is_authenticated:
        return Q(pk__in=[])
    theirs = ClipCast.objects.filter(clip_id=OuterRef("pk"), cameo__owner_id=viewer.pk)
    return Q(Exists(theirs)) & ~Q(state=ClipState.DELETED)
