"""Clip cards: what the API tells about a clip, for a whole page in at most two queries."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import BooleanField, Exists, OuterRef, QuerySet, Value

from accounts.selectors import Viewer, following_ids, hidden_user_ids
from core.storage import signed_url
from feed.errors import ClipHidden, ClipNotFound
from feed.models import Clip, ClipCast, ClipState, Like
from feed.policy import may_remix
from feed.selectors.clips import creditable_clips, visible_clip, visible_clips

Card = dict[str, Any]
API = "/api/v1"
_COLUMNS = (
    "id",
    "state",
    "caption",
    "seconds",
    "width_px",
    "height_px",
    "has_captions",
    "engine",
    "engine_is_procedural",
    "media_prefix",
    "remix_allowed",
    "remix_parent_id",
    "remix_root_id",
    "like_count",
    "remix_count",
    "created_at",
    "published_at",
    "author__username",
    "author__display_name",
)


@dataclass(frozen=True, slots=True)
class Credit:
    """Who made a clip that another one came from, and whether it can still be watched."""

    author: str
    is_available: bool


def for_cards(clips: QuerySet[Clip], *, viewer: Viewer) -> QuerySet[Clip]:
    """Add to each clip what its card says about the viewer, and load nothing else."""
    clips = clips.select_related("author").only(*_COLUMNS).annotate(handles=_handles(viewer))
    if not viewer.is_authenticated:
        no = Value(False, output_field=BooleanField())
        return clips.annotate(is_liked=no, is_followed=no, is_followed_back=no)
    return clips.annotate(
        is_liked=Exists(Like.objects.filter(user=viewer, clip_id=OuterRef("pk"))),
        is_followed=Exists(following_ids(viewer.pk).filter(followed_id=OuterRef("author_id"))),
        is_followed_back=Exists(
            following_ids(OuterRef("author_id")).filter(  # type: ignore[arg-type]  # a column
                followed_id=viewer.pk
            )
        ),
    )


def clip_cards(clips: Sequence[Clip], *, viewer: Viewer) -> list[Card]:
    """Return the cards of clips that `for_cards` read for this viewer, in their order."""
    sources = (each for clip in clips for each in (clip.remix_parent_id, clip.remix_root_id))
    credits_ = credits_of(sources, viewer=viewer)
    return [_card(clip, viewer, credits_) for clip in clips]


def clip_card(clip_id: UUID, *, viewer: Viewer) -> Card:
    """Return the card of one clip.

    Raises:
        ClipNotFound: there is none that the viewer may see.
    """
    clips = list(for_cards(visible_clips(viewer).filter(pk=clip_id), viewer=viewer))
    if not clips:
        raise ClipNotFound
    return clip_cards(clips, viewer=viewer)[0]


def credits_of(clip_ids: Iterable[UUID | None], *, viewer: Viewer) -> dict[UUID, Credit]:
    """Return the credits that the viewer may read; those across a block are not among them."""
    clip_ids = {clip_id for clip_id in clip_ids if clip_id}
    if not clip_ids:
        return {}
    rows = creditable_clips(viewer).filter(pk__in=clip_ids)
    return {
        clip_id: Credit(author, state == ClipState.PUBLISHED)
        for clip_id, author, state in rows.values_list("pk", "author__username", "state")
    }


def reference(clip_id: UUID | None, credits_: dict[UUID, Credit]) -> Card | None:
    """Return how a card or lineage names another clip: a tombstone where it cannot be watched."""
    if clip_id is None:
        return None
    credit = credits_.get(clip_id)
    return {
        "id": str(clip_id),
        "author": credit.author if credit else None,
        "available": credit is not None and credit.is_available,
    }


def review_media(clip_id: UUID) -> dict[str, str]:
    """Return URLs of a clip's poster and MP4 that answer while it is hidden; for moderators alone.

    Raises:
        ClipNotFound: there is no such clip, its media is deleted, or a likeness in it may not be
            shown to anybody any more.
    """
    clips = Clip.objects.filter(pk=clip_id, ended_reason="")
    clip = clips.exclude(state=ClipState.DELETED).first()
    if clip is None:
        raise ClipNotFound
    return {
        "poster_url": signed_url(clip.poster, for_review=True),
        "mp4_url": signed_url(clip.mp4, for_review=True),
    }


def download_url(clip_id: UUID, *, viewer: Viewer) -> str:
    """Return the signed URL of a clip's MP4 as an attachment.

    Raises:
        ClipNotFound: there is none that the viewer may see.
        ClipHidden: a moderator hid the viewer's own clip.
    """
    clip = visible_clip(clip_id, viewer=viewer)
    if clip.state == ClipState.HIDDEN:
        raise ClipHidden
    return f"{signed_url(clip.mp4)}?download=1"


def credentials(clip_id: UUID, *, viewer: Viewer) -> Card:
    """Return how a clip was made, without its prompt.

    Raises:
        ClipNotFound: there is none that the viewer may see.
    """
    clip = visible_clip(clip_id, viewer=viewer)
    sources = credits_of({clip.remix_parent_id}, viewer=viewer)
    disclosure = ai_disclosure(clip)
    return {
        "clip": str(clip.pk),
        "instance": settings.INSTANCE_NAME,
        "author": clip.author.username,
        "created_at": clip.created_at,
        "label": disclosure["label"],
        "text": disclosure["text"],
        "engine": clip.engine,
        "engine_is_procedural": clip.engine_is_procedural,
        "made_from": reference(clip.remix_parent_id, sources),
        "marks": ["visible", "invisible", "c2pa"],
        "mark_id": str(clip.mark_id),
        "verify_url": f"{API}/verify",
    }


def ai_disclosure(clip: Clip) -> Card:
    """Return the label that stands beside the clip wherever it is shown (AI Act, Art. 50)."""
    maker = "the procedural engine" if clip.engine_is_procedural else "the AI model"
    remixed = " from another clip and" if clip.remix_parent_id else ""
    return {
        "label": "AI",
        "text": f"Made{remixed} from a prompt by {maker} “{clip.engine}”; nothing was filmed.",
        "credentials_url": f"{API}/clips/{clip.pk}/credentials",
    }


def _handles(viewer: Viewer) -> ArraySubquery:
    """Return whom a request put into the clip, but for those across a block from the viewer."""
    cast = ClipCast.objects.filter(
        clip_id=OuterRef("pk"), is_inherited=False, cameo__handle__isnull=False
    )
    if viewer.is_authenticated:
        cast = cast.exclude(cameo__owner_id__in=hidden_user_ids(viewer))
    return ArraySubquery(cast.order_by("cameo__handle").values("cameo__handle"))


def _card(clip: Clip, viewer: Viewer, credits_: dict[UUID, Credit]) -> Card:
    # A hidden clip's media answers nobody but moderators, so its author's card has no URL of it.
    is_hidden = clip.state == ClipState.HIDDEN
    return {
        "id": str(clip.pk),
        "state": clip.state,
        "author": {
            "username": clip.author.username,
            "display_name": clip.author.display_name,
        },
        "caption": clip.caption,
        "created_at": clip.created_at,
        "published_at": clip.published_at,
        "seconds": clip.seconds,
        "width": clip.width_px,
        "height": clip.height_px,
        "poster_url": None if is_hidden else signed_url(clip.poster),
        "mp4_url": None if is_hidden else signed_url(clip.mp4),
        "hls_url": None if is_hidden else signed_url(clip.hls),
        "captions_url": signed_url(clip.captions) if clip.captions and not is_hidden else None,
        "stats": {"likes": clip.like_count, "remixes": clip.remix_count},
        "viewer": {
            "liked": clip.is_liked,  # type: ignore[attr-defined]
            "following": clip.is_followed,  # type: ignore[attr-defined]
        },
        "cameos": [f"@{handle}" for handle in clip.handles],  # type: ignore[attr-defined]
        "remix_allowed": clip.remix_allowed,
        "remix": {
            "root": reference(clip.remix_root_id, credits_),
            "parent": reference(clip.remix_parent_id, credits_),
            "count": clip.remix_count,
            "allowed": clip.state == ClipState.PUBLISHED
            and may_remix(
                clip.remix_allowed,
                is_author=clip.author_id == viewer.pk,
                is_follower=clip.is_followed,  # type: ignore[attr-defined]
                is_followed_back=clip.is_followed_back,  # type: ignore[attr-defined]
            ),
        },
        "ai_disclosure": ai_disclosure(clip),
        "why_url": None,
        "statement_of_reasons_url": f"{API}/me/moderation" if is_hidden else None,
    }
