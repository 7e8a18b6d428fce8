"""Where a clip came from and what came from it, as far as the viewer may see."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet

from accounts.selectors import Viewer
from feed import selectors as feed_selectors
from remix.models import Edge

DEPTH_MAX = 50  # generations walked towards the root; the root itself is always named
CHILDREN_MAX = 20  # named in a lineage; `remixes_of` pages through all
_ANCESTORS = f"""
    WITH RECURSIVE up (child_id, parent_id, kind, depth) AS (
        SELECT child_id, parent_id, kind, 1 FROM {Edge._meta.db_table} WHERE child_id = %s
        UNION
        SELECT e.child_id, e.parent_id, e.kind, up.depth + 1
        FROM {Edge._meta.db_table} AS e JOIN up ON e.child_id = up.parent_id
        WHERE up.depth < %s
    )
    SELECT child_id, parent_id, kind, min(depth) AS depth FROM up
    GROUP BY child_id, parent_id, kind ORDER BY depth, parent_id
"""  # noqa: S608 - the table name of our own model


@dataclass(frozen=True, slots=True)
class Ancestor:
    """One edge towards the root; depth 1 is a parent."""

    child_id: UUID
    parent_id: UUID
    kind: str
    depth: int


def remixes_of(clip_id: UUID, *, viewer: Viewer) -> QuerySet[Any]:
    """Return the published remixes of a clip, made from it directly, that the viewer may see.

    Raises:
        ClipNotFound: the viewer sees no such clip.
    """
    feed_selectors.visible_clip(clip_id, viewer=viewer)
    children = Edge.objects.filter(parent_id=clip_id).values("child_id")
    return feed_selectors.published_clips(viewer).filter(pk__in=children)


def lineage(clip_id: UUID, *, viewer: Viewer) -> dict[str, Any]:
    """Return a clip's ancestors and its newest remixes with the kinds of their edges.

    An ancestor that the viewer may not watch is a tombstone: with its author when it was deleted,
    without across a block or while a moderator hides it.

    Raises:
        ClipNotFound: the viewer sees no such clip.
    """
    clip = feed_selectors.visible_clip(clip_id, viewer=viewer)
    above = _ancestors(clip_id)
    below = _newest_children(clip_id, viewer)
    named = [clip.remix_root_id, *(up.parent_id for up in above), *(to.child_id for to in below)]
    credits_ = feed_selectors.credits_of(named, viewer=viewer)
    return {
        "clip": str(clip_id),
        "root": feed_selectors.reference(clip.remix_root_id, credits_),
        "ancestors": [
            {
                "clip": feed_selectors.reference(edge.parent_id, credits_),
                "child": str(edge.child_id),
                "kind": edge.kind,
                "depth": edge.depth,
            }
            for edge in above
        ],
        "children": [
            {"clip": feed_selectors.reference(edge.child_id, credits_), "kind": edge.kind}
            for edge in below
        ],
        "count": clip.remix_count,
    }


def _ancestors(clip_id: UUID) -> list[Ancestor]:
    with connection.cursor() as cursor:
        cursor.execute(_ANCESTORS, [clip_id, DEPTH_MAX])
        return [Ancestor(*row) for row in cursor.fetchall()]


def _newest_children(clip_id: UUID, viewer: Viewer) -> list[Edge]:
    visible = feed_selectors.published_clips(viewer).values("pk")
    edges = Edge.objects.filter(parent_id=clip_id, child_id__in=visible)
    return list(edges.order_by("-created_at")[:CHILDREN_MAX])
