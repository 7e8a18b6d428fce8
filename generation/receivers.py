"""What generation does when the owner of a likeness decides, inside their transaction."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.dispatch import receiver

from cameos.selectors import Shown
from cameos.signals import cameo_revoked, cosign_settled, likeness_traced, use_withdrawn
from generation.selectors.cast import shown_in_jobs
from generation.services.consent import end_job_of, end_jobs_with, settle_consent


@receiver(likeness_traced)
def trace_jobs(*, cameo_id: UUID, **_: Any) -> list[Shown]:
    """Tell which jobs are to show the likeness."""
    return shown_in_jobs(cameo_id)


@receiver(cameo_revoked)
def end_jobs_of_cameo(*, cameo_id: UUID, **_: Any) -> None:
    """End what would show the likeness."""
    end_jobs_with(cameo_id=cameo_id)


@receiver(use_withdrawn)
def end_job_of_use(*, cameo_id: UUID, clip_id: UUID, **_: Any) -> None:
    """End the job that would make this clip."""
    end_job_of(clip_id=clip_id, cameo_id=cameo_id)


@receiver(cosign_settled)
def carry_out_answer(*, clip_id: UUID, is_approved: bool, code: str, **_: Any) -> None:
    """Queue the job that waited, or end it."""
    settle_consent(clip_id=clip_id, is_approved=is_approved, code=code)
