"""What the owners of likenesses in a clip say to what its author does with it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, cast
from uuid import UUID

from django.db import transaction

from accounts.selectors import Viewer
from cameos.errors import CameoNotPermitted
from cameos.services import ask_owners, judge, pass_gate
from feed.errors import CosignAwaited, NotYourClip
from feed.models import ClipState
from feed.selectors import cast_of, visible_clip

if TYPE_CHECKING:
    from accounts.models import User


def pass_publish_gate(*, clip_id: UUID, by: Viewer) -> None:
    """Pass when every likeness in a draft may be published by its author now; keeps the answers.

    Raises:
        ClipNotFound: not visible to who asks.
        NotYourClip: somebody else's.
        cameos.errors.CameoNotPermitted: an owner's terms do not permit it.
        CosignAwaited: an owner is to be asked first, and now is.
    """
    clip = visible_clip(clip_id, viewer=by)
    if clip.author_id != by.pk:
        raise NotYourClip
    cameo_ids = cast_of(clip_id)
    if clip.state != ClipState.DRAFT or not cameo_ids:
        return
    texts = {"caption": clip.caption} if clip.caption else {}
    judged = pass_gate(by=by.pk, cameo_ids=cameo_ids, gate="publish", clip_id=clip_id, texts=texts)
    to_ask = [each.cameo_id for each in judged if each.outcome == "asked"]
    if to_ask:
        ask = partial(_ask, by, clip_id, to_ask, clip.caption)
        ask()
        error = CosignAwaited(cameos=[f"@{j.handle}" for j in judged if j.outcome == "asked"])
        error.after_rollback = ask
        raise error


def check_caption_of_cast(*, clip_id: UUID, by: Viewer, caption: str) -> None:
    """Pass when a caption breaks no restriction of a likeness in the clip.

    Raises:
        cameos.errors.CameoNotPermitted: it does.
    """
    judged = judge(
        by=cast(UUID, by.pk),
        cameo_ids=cast_of(clip_id),
        texts={"caption": caption},
        clip_id=clip_id,
    )
    for each in judged:
        if each.reason == "restricted":
            raise CameoNotPermitted(
                field="caption", cameo=each.handle, reason=each.reason, rule=each.rule
            )


def _ask(by: User, clip_id: UUID, cameo_ids: list[UUID], caption: str) -> None:
    with transaction.atomic():
        ask_owners(by=by, clip_id=clip_id, cameo_ids=cameo_ids, preview={"publish": caption})
