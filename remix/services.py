"""Every write to the lineage, and the permission to add to it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast
from uuid import UUID

from django.db import transaction
from django.db.models import Count

from accounts.selectors import Viewer, relation_of
from cameos.services import Judgement, judge, pass_gate, refusal_of
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
    """Return when the viewer may remix the clip now, by its author and by every face in it.

    Permission for a likeness is never inherited from a clip: its owner's terms of today decide.

    Raises:
        ClipNotFound: the viewer sees no such published clip.
        RemixNotAllowed: with `reason` off, followers or mutuals.
        cameos.errors.CameoNotPermitted: of the first face that may not be used.
    """
    check_author_allows(viewer=viewer, clip_id=clip_id)
    faces = feed_selectors.cast_of(clip_id)
    for judgement in judge(by=cast(UUID, viewer.pk), cameo_ids=faces, texts={}):
        if judgement.outcome == "denied":
            refused = refusal_of(judgement, field="remix_of")
            raise refused


def pass_remix_gate(
    *, by: UUID, parent_id: UUID, child_id: UUID, texts: Mapping[str, str]
) -> tuple[Judgement, ...]:
    """Ask the terms of every face in the parent for a clip that is to be made from it.

    The answers are kept. Where one is "asked", its owner has to be asked before the clip is made.

    Args:
        by: who remixes.
        parent_id: the clip to remix.
        child_id: the clip in the making.
        texts: what is asked for, by field.

    Raises:
        cameos.errors.CameoNotPermitted: for the first face that is denied.
    """
    faces = feed_selectors.cast_of(parent_id)
    if not faces:
        return ()
    return pass_gate(by=by, cameo_ids=faces, gate="remix", clip_id=child_id, texts=texts)


def check_author_allows(*, viewer: Viewer, clip_id: UUID) -> None:
    """Return when the clip's author lets the viewer remix it, whatever the faces in it say.

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


def count_publication(*, clip_ids: list[UUID], is_published: bool) -> None:
    """Count clips among their parents' remixes when they are published, and no more when not."""
    edges = Edge.objects.filter(child_id__in=clip_ids).values_list("parent_id")
    sign = 1 if is_published else -1
    changes = {parent_id: sign * number for parent_id, number in edges.annotate(number=Count("pk"))}
    if changes:
        feed_services.add_to_remix_counts(changes=changes)
