"""The flow: one claimed job from its request to a clip in the feed."""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection
from django.db.models.functions import Now

from cameos.errors import CameoNotPermitted
from cameos.services import check_faces, check_film, issue_receipts
from core.errors import DomainError
from core.marker import marker
from core.storage import local_copy
from feed.selectors import MP4_NAME, visible_clip
from generation.errors import (
    ClipRefused,
    ConsentNeeded,
    GenerationHalted,
    JobFailed,
    LeaseLost,
    WorkerStopping,
)
from generation.models import Job
from generation.services.consent import COSIGN_EXPIRED, REVOKED, WITHDRAWN, await_consent
from generation.services.fallback import put_back
from generation.services.finish import finish
from generation.services.lease import LEASE, Lease, claim, give_back, lease_kept
from generation.services.moves import move, note_progress
from generation.services.render import captions_of, ensure_rendered, spoken_in
from generation.services.work import clear_work, work_dir
from generation.states import TERMINAL, State
from moderation.services import check_frames
from provenance.claims import ClipClaims, ConsentReceipt, ParentIngredient
from provenance.errors import MarkingFailed, ParentNotTrusted
from provenance.pipeline import MarkedClip, mark_clip

DATABASE_RETRY_SECONDS = 1.0
TITLE_CHARACTERS = 80
TRIES_MAX = 3  # of a job whose failure may pass
PAUSE_SECONDS = 5.0  # before the second try; four times as long before each further one
# Of those reasons of a refused likeness that its owner decided on: the same codes as of a job that
# ends where it waits.
_CODES = {
    "revoked": REVOKED,
    "withdrawn": WITHDRAWN,
    "cosign_denied": "cosign_denied",
    "cosign_expired": COSIGN_EXPIRED,
}
_log = logging.getLogger(__name__)


def run_job(*, job_id: UUID) -> None:
    """Carry a job from its request to a clip; safe to call twice, at once, and after any crash.

    Every step does only what is still missing. A job that cannot be claimed is left alone.
    """
    job = claim(job_id=job_id)  # None: done, cancelled, held by another worker, or not its turn
    if job is None:
        return
    with outcome_recorded(job), lease_kept(job) as lease:
        raw = ensure_rendered(job, lease=lease)
        ensure_allowed(raw, job=job)
        marked = ensure_marked(raw, job=job, lease=lease)
        lease.check()
        finish(job=job, marked=marked)  # rights once more, clip, lineage: one transaction


def ensure_allowed(raw: Path, *, job: Job) -> None:
    """Look at the frames before anybody sees them.

    Raises:
        ClipRefused: a frame goes against policy.
        cameos.errors.CameoNotPermitted: what is seen or spoken breaks a likeness's restriction.
        cameos.errors.LikenessWithoutConsent: it shows somebody who has not agreed to it.
        LeaseLost: the job is no longer this worker's.
    """
    note_progress(job, 82, "checking")
    verdict = check_frames(path=raw)
    if not verdict.allowed and verdict.rule not in job.waived_rules:
        raise ClipRefused(f"Rule {verdict.rule}, at {verdict.at_seconds:.1f} s.", rule=verdict.rule)
    check_faces(path=raw, by=job.user_id, cameo_ids=job.cast, clip_id=job.reserved_clip_id)
    if job.cast:
        check_film(
            by=job.user_id,
            cameo_ids=job.cast,
            clip_id=job.reserved_clip_id,
            transcript=spoken_in(captions_of(raw)),
            nudity=verdict.score,
        )


def ensure_marked(raw: Path, *, job: Job, lease: Lease) -> MarkedClip:
    """Return the marked and signed files; without every mark there are none.

    Raises:
        MarkingFailed: a mark or signature could not be made.
        JobFailed: the parent's own file is not validly signed.
        feed.errors.ClipNotFound: the parent is gone.
        LeaseLost: the job is no longer this worker's.
        WorkerStopping: this process is ending.
    """
    note_progress(job, 86, "marking")
    with ExitStack() as copies:
        parents = []
        if job.parent_id is not None:
            parent = visible_clip(job.parent_id, viewer=job.user)
            mp4 = copies.enter_context(local_copy(f"{parent.media_prefix}{MP4_NAME}"))
            parents = [ParentIngredient(mp4, str(parent.pk), "parentOf")]
        receipts = issue_receipts(clip_id=job.reserved_clip_id, cameo_ids=job.cast)
        claims = claims_for(job, parents=tuple(parents), receipts=receipts)
        out_dir = work_dir(job.pk) / "marked"
        try:
            return mark_clip(
                raw,
                out_dir,
                claims,
                marker(),
                captions=captions_of(raw),
                cancelled=lease.ended,
            )
        except ParentNotTrusted as error:
            message = "The credentials of the clip to remix do not hold."
            raise JobFailed("parent_not_trusted", message, retryable=False) from error
        except MarkingFailed:
            lease.check()  # cancelled, not failed
            raise


def claims_for(
    job: Job, *, parents: tuple[ParentIngredient, ...], receipts: Sequence[UUID] = ()
) -> ClipClaims:
    """Return what the clip's credentials say; the prompt stays private, and so do names of faces.

    Args:
        job: it.
        parents: the clips that it is made from.
        receipts: of the owners' consents.
    """
    return ClipClaims(
        clip_id=str(job.reserved_clip_id),
        mark_id=job.mark_id,
        author_handle=job.user.username,
        title=job.caption[:TITLE_CHARACTERS] or f"A clip by @{job.user.username}",
        engine=job.model,
        engine_is_procedural=job.engine_is_procedural,
        created_at=job.created_at,
        instance=settings.PUBLIC_URL or settings.INSTANCE_NAME,
        parents=parents,
        receipts=tuple(
            ConsentReceipt(str(each), f"{settings.PUBLIC_URL}/api/v1/consents/{each}")
            for each in receipts
        ),
    )


@contextmanager
def outcome_recorded(job: Job) -> Iterator[None]:
    """Turn whatever ends the block into a state of the job; nothing leaves a job without one."""
    try:
        yield
    except LeaseLost:
        _log.info("job %s is no longer ours", job.pk)
        _forget_if_ended(job)
    except ConsentNeeded as needed:
        _ask_or_end(job, needed)
    except (WorkerStopping, OperationalError, InterfaceError) as error:
        _log.warning("job %s goes back to the queue: %r", job.pk, error)
        _give_back_when_possible(job)
    except GenerationHalted:
        _log.warning("job %s goes back to the queue: generation is stopped", job.pk)
        put_back(job)
    except (JobFailed, DomainError) as error:
        _try_again_or_end(job, error)
    except Exception:  # noqa: BLE001 - a bug in one step must not leave the job hanging
        _log.exception("job %s: a step failed", job.pk)
        message = "The clip could not be finished."
        _try_again_or_end(job, JobFailed("internal_error", message, retryable=True))
    finally:
        if job.state in TERMINAL:
            clear_work(job.pk)


def pause_after(tries: int) -> timedelta:
    """Return how long a job rests after that many tries: 5 s, 20 s, 80 s, a fifth more or less."""
    spread = 0.8 + 0.4 * secrets.randbelow(1000) / 1000
    return timedelta(seconds=PAUSE_SECONDS * 4 ** (tries - 1) * spread)


def _try_again_or_end(job: Job, error: JobFailed | DomainError) -> None:
    try:
        if error.retryable and job.tries < TRIES_MAX:
            _try_again(job, error)
        else:
            _end(job, error)
    except LeaseLost:
        _log.info("job %s ended otherwise before it could end by %r", job.pk, error)
        _forget_if_ended(job)


def _try_again(job: Job, error: JobFailed | DomainError) -> None:
    """Put a job back for another try from its beginning, after a pause."""
    _log.warning("job %s is tried again: %s: %s", job.pk, error.code, error)
    clear_work(job.pk)
    put_back(job, stage="retrying", tries=job.tries + 1, not_before=Now() + pause_after(job.tries))


def _ask_or_end(job: Job, needed: ConsentNeeded) -> None:
    """Let the job wait for owners who want to be asked since it was queued."""
    try:
        await_consent(job, needed.cameo_ids)
    except LeaseLost:
        _log.info("job %s ended before its owners could be asked", job.pk)
    except DomainError as error:
        _try_again_or_end(job, error)


def _forget_if_ended(job: Job) -> None:
    """Clear the files of a job that somebody else ended, such as its author or a revocation."""
    if Job.objects.filter(pk=job.pk, state__in=TERMINAL).exists():
        clear_work(job.pk)


def _code_of(error: JobFailed | DomainError) -> str:
    """Return what the author is told; where a likeness's owner ended it, that."""
    if isinstance(error, CameoNotPermitted):
        return _CODES.get(str(error.extra.get("reason")), error.code)
    return error.code[:60]


def _end(job: Job, error: JobFailed | DomainError) -> None:
    message = error.message if isinstance(error, JobFailed) else error.detail
    failed = isinstance(error, JobFailed) or error.retryable
    move(
        job,
        State.FAILED if failed else State.REFUSED,
        error_code=_code_of(error),
        error_message=message[:500],
        is_retryable=error.retryable,
        refused_rule=error.extra["rule"] if isinstance(error, ClipRefused) else "",
    )


def _give_back_when_possible(job: Job) -> None:
    """Give the job back as soon as PostgreSQL answers; its lease would hold it up for longer.

    Raises:
        OperationalError: PostgreSQL is away for longer than the lease.
        InterfaceError: the same, seen by a connection that was open.
    """
    until = time.monotonic() + LEASE.total_seconds()
    while True:
        try:
            give_back(job, wake=True)
        except (OperationalError, InterfaceError):
            connection.close()
            if time.monotonic() > until:
                raise  # the sweep sees the lease run out
            time.sleep(DATABASE_RETRY_SECONDS)
        else:
            return
