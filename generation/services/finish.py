"""The end of the flow: files stored, then clip, lineage, publication and job in one transaction."""

from __future__ import annotations

from django.db import transaction

from cameos.services import ensure_still_permitted, is_in_doubt, pass_gate
from core.storage import save_folder
from feed.errors import ClipNotFound
from feed.services import create_draft, publish_permitted
from generation.errors import AuthorInactive, LeaseLost
from generation.models import Job
from generation.services.moves import move, note_progress
from generation.services.work import work_dir
from generation.states import State
from provenance.pipeline import MarkedClip
from remix.services import add_edge, check_may_remix


def finish(*, job: Job, marked: MarkedClip) -> None:
    """Make the clip of a held job: exactly one, whatever fails and however often this is called.

    The files go under a prefix of this claim's own, so an older worker cannot overwrite them; what
    a lost claim stored is removed by the sweep.

    Raises:
        AuthorInactive: the account was closed or suspended meanwhile.
        remix.errors.RemixNotAllowed: the parent's author withdrew the permission meanwhile.
        feed.errors.ClipNotFound: the parent is gone.
        cameos.errors.CameoNotPermitted: the owner of a likeness does not permit it any more.
        LeaseLost: the job is no longer this worker's.
    """
    # A face that a moderator has to look at keeps the clip a draft.
    publish = job.publish and not is_in_doubt(job.reserved_clip_id)
    if job.cast and publish:  # its answers are kept whatever comes of the rest
        pass_gate(by=job.user_id, cameo_ids=job.cast, gate="publish", clip_id=job.reserved_clip_id)
    note_progress(job, 95, "saving")
    prefix = prefix_of_claim(job, job.fence)
    marked_files = work_dir(job.pk) / "marked"
    stored_bytes = sum(file.stat().st_size for file in marked_files.rglob("*") if file.is_file())
    save_folder(marked_files, prefix=prefix)
    with transaction.atomic():
        # The cameos before the job, as what revokes one locks them.
        ensure_still_permitted(by=job.user_id, cameo_ids=job.cast, clip_id=job.reserved_clip_id)
        held = Job.objects.select_for_update(of=("self",)).filter(
            pk=job.pk, state=State.FINISHING, fence=job.fence
        )
        if not held.exists():
            raise LeaseLost(f"{job} with fence {job.fence}")
        _check_rights(job)
        clip = create_draft(
            clip_id=job.reserved_clip_id,
            author_id=job.user_id,
            mark_id=job.mark_id,
            caption=job.caption,
            seconds=marked.seconds,
            width_px=marked.width_px,
            height_px=marked.height_px,
            engine=job.model,
            engine_is_procedural=job.engine_is_procedural,
            media_prefix=prefix,
            has_captions=marked.captions is not None,
            cast=[*job.named_cast, *job.cast_pictured],
            inherited=job.cast_inherited,
        )
        if job.parent_id is not None:
            add_edge(child_id=clip.pk, parent_id=job.parent_id, kind=job.remix_kind)
        if publish:
            publish_permitted(clip_id=clip.pk, by=job.user)
        move(job, State.READY, clip_id=clip.pk, progress=100, stored_bytes=stored_bytes)


def prefix_of_claim(job: Job, fence: int) -> str:
    """Return where a claim of the job stores its files."""
    return f"clips/{job.reserved_clip_id}/{fence}/"


def _check_rights(job: Job) -> None:
    author = job.user
    author.refresh_from_db()
    if not author.is_active or author.is_suspended:
        raise AuthorInactive
    if job.remix_kind:
        if job.parent_id is None:
            raise ClipNotFound
        check_may_remix(viewer=author, clip_id=job.parent_id)
