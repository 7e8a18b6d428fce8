"""Whose likenesses a request would show, and what their owners' terms say."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from cameos.services import (
    Judgement,
    ask_owners,
    judge,
    open_portraits,
    pass_gate,
    refusal_of,
    resolve_cast,
)
from engine.contracts import MAX_CAST, CastMember
from feed.selectors import cast_of
from generation.errors import ConsentNeeded, JobFailed, TooManyCameos
from generation.models import Job
from generation.selectors.cast import handles_of_cast
from generation.services.request import GenerationRequest
from remix.services import pass_remix_gate

if TYPE_CHECKING:
    from accounts.models import User

ASKED, DENIED = "asked", "denied"


@dataclass(frozen=True, slots=True)
class Cast:
    """The likenesses of a clip that is asked for.

    Attributes:
        named: those that the request lists or mentions: an engine gets their pictures.
        inherited: the others that its parent shows, for the record.
        pictured: the others that are in the picture which the clip begins from.
    """

    named: tuple[UUID, ...] = ()
    inherited: tuple[UUID, ...] = ()
    pictured: tuple[UUID, ...] = ()

    @property
    def everybody(self) -> tuple[UUID, ...]:
        """Return all of them."""
        return self.named + self.pictured + self.inherited


def cast_of_request(*, by: User, request: GenerationRequest, pictured: Sequence[UUID] = ()) -> Cast:
    """Return whom the request lists, whom its prompts mention, and whom its sources show.

    Args:
        by: who asks.
        request: for what.
        pictured: the cameos in the picture that it begins from.

    Raises:
        cameos.errors.CameoNotPermitted: a listed handle is none that they may know of.
        TooManyCameos: more are named than an engine takes.
    """
    named = resolve_cast(by=by, handles=request.cameos, texts=request.drawn_texts())
    if len(named) > MAX_CAST:
        raise TooManyCameos(f"At most {MAX_CAST}.", field="cameos")
    ids = tuple(cameo.id for cameo in named)
    begun = tuple(cameo_id for cameo_id in pictured if cameo_id not in ids)
    shown = cast_of(request.remix_of.clip_id) if request.remix_of else []
    inherited = tuple(cameo_id for cameo_id in shown if cameo_id not in {*ids, *begun})
    return Cast(ids, inherited, begun)


def judge_cast(*, by: UUID, request: GenerationRequest, cast: Cast) -> tuple[Judgement, ...]:
    """Return what each owner's terms say of the request now; nothing is written."""
    if not cast.everybody:
        return ()
    return judge(by=by, cameo_ids=cast.everybody, texts=request.shown_texts())


def pass_first_gates(
    *, by: UUID, request: GenerationRequest, cast: Cast, clip_id: UUID
) -> list[UUID]:
    """Ask for a new request, and keep the answers; return whose owners have to be asked themselves.

    Raises:
        cameos.errors.CameoNotPermitted: for the first that is denied.
    """
    texts, judged = request.shown_texts(), list[Judgement]()
    if request.remix_of is not None:
        parent_id = request.remix_of.clip_id
        judged += pass_remix_gate(by=by, parent_id=parent_id, child_id=clip_id, texts=texts)
    if own := cast.named + cast.pictured:
        judged += pass_gate(by=by, cameo_ids=own, gate="submit", clip_id=clip_id, texts=texts)
    return _to_ask(judged)


def faces_for_engine(job: Job) -> tuple[CastMember, ...]:
    """Ask once more before an engine gets anybody's picture, and return the pictures.

    Raises:
        cameos.errors.CameoNotPermitted: for the first that is denied.
        ConsentNeeded: an owner wants to be asked since.
        JobFailed: a picture cannot be had.
    """
    if not job.cast:
        return ()
    texts = GenerationRequest.of_job(job).shown_texts()
    judged = pass_gate(
        by=job.user_id,
        cameo_ids=job.cast,
        gate="start",
        clip_id=job.reserved_clip_id,
        texts=texts,
    )
    if to_ask := _to_ask(judged):
        raise ConsentNeeded(to_ask)
    portraits = open_portraits(job.named_cast)
    if len(portraits) != len(job.named_cast):
        message = "The picture of a cameo cannot be had."
        raise JobFailed("cameo_unavailable", message, retryable=False)
    return tuple(CastMember(f"@{name}", face) for name, face in sorted(portraits.items()))


def prompt_with_cast(job: Job) -> str:
    """Return the job's prompt, made to name also those of its cast that were only listed.

    An engine draws whom a text names: a picture that came without one would be worn by nobody.
    """
    said = " ".join((job.prompt, *(shot["prompt"] for shot in job.shots))).lower()
    left = [
        handle
        for handle in handles_of_cast(job)
        if not re.search(rf"{re.escape(handle)}(?![a-z0-9_-])", said)
    ]
    if not left:
        return job.prompt
    others = f"with {' and '.join(left)}"
    return f"{job.prompt.rstrip(' .')}, {others}" if job.prompt else others


def ask_for(job: Job, cameo_ids: Sequence[UUID]) -> None:
    """Ask owners for a job's clip, in the transaction that lets the job wait for them.

    Raises:
        cameos.errors.CameoNotPermitted: one of the cameos ended at this moment.
    """
    ask_owners(
        by=job.user,
        clip_id=job.reserved_clip_id,
        cameo_ids=list(cameo_ids),
        preview=_preview(job),
    )
    # The questions hold the cameos' rows: what ended one before is seen here, what ends one later
    # sees this job.
    judged = judge(by=job.user_id, cameo_ids=job.cast, texts={}, clip_id=job.reserved_clip_id)
    for judgement in judged:
        if judgement.outcome == DENIED:
            refused = refusal_of(judgement)
            raise refused


def _to_ask(judged: Sequence[Judgement]) -> list[UUID]:
    return list(dict.fromkeys(each.cameo_id for each in judged if each.outcome == ASKED))


def _preview(job: Job) -> dict[str, Any]:
    """Return what an owner reads before they agree: what was asked for, in its author's words."""
    return {
        "prompt": job.prompt,
        "shots": job.shots,
        "style": job.style,
        "negative_prompt": job.negative_prompt,
        "caption": job.caption,
        "seconds": job.seconds,
        "publish": job.publish,
        "cameos": list(handles_of_cast(job)),
        "remix_of": str(job.parent_id) if job.parent_id else None,
    }
