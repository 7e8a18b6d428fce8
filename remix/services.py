"""Every write to the lineage, and the permission to add to it."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction

from accounts.selectors import Viewer, relation_of
from feed import selectors as feed_selectors
from feed import services as feed_services
from feed.errors import ClipNotFound
from feed.policy import may_remix
from remix.errors import RemixNotAllowed
from remix.models import Edge, EdgeKind

_REASONS = {
    "off": "The author does not let anybody remix this clip.",
    "followers": "The author lets followers remix this clip.",
    "mutuals": "The author lets people remix this clip whom they follow, and who follow them.",
}


def check_may_remix(*, viewer: Viewer, clip_id: UUID) -> None:
    """Return when the viewer may remix the clip now.

    Raises:
        ClipNotFound: the viewer sees no such published clip.
        RemixNotAllowed: with `reason` off, followers or mutuals.
    """
    clip = feed_selectors.published_clips(viewer).filter(pk=clip_id).first()
    if clip is None:
        raise ClipNotFound
    relation = relation_of(viewer, [clip.author_id])[clip.author_id]
    if not may_remix(
        clip.remix_allowed,
        is_author=clip.author_id == viewer.pk,
        is_follower=relation.follows,
        is_followed_back=relation.followed_by,
    ):
        raise RemixNotAllowed(_REASONS[clip.remix_allowed], reason=clip.remix_allowed)


@transaction.atomic
def add_edge(*, child_id: UUID, parent_id: UUID, kind: str) -> None:
    """Record that a draft was made from another clip; twice is harmless, and the first kind stays.

    Call it in the transaction that makes the draft. The permission was checked when the work was
    asked for: what the author changes or deletes meanwhile does not undo it.

    Args:
        child_id: a clip that was never published.
        parent_id: a clip, whatever has become of it.
        kind: one of `EdgeKind`.

    Raises:
        ValueError: the child was published before, or is the parent; or no such kind.
    """
    made = {"kind": EdgeKind(kind)}
    if Edge.objects.filter(child_id=child_id, parent_id=parent_id).exists():
        return
    if child_id == parent_id or not feed_selectors.is_unpublished(child_id):
        raise ValueError("Only a draft gets a parent, and another clip.")
    Edge.objects.get_or_create(child_id=child_id, parent_id=parent_id, defaults=made)
    feed_services.set_remix_source(clip_id=child_id, parent_id=parent_id)


def count_publication(*, clip_id: UUID, is_published: bool) -> None:
    """Count a clip among its parents' remixes when it is published, and no more when it is not."""
    parents = list(Edge.objects.filter(child_id=clip_id).values_list("parent_id", flat=True))
    feed_services.add_to_remix_count(clip_ids=parents, by=1 if is_published else -1)
