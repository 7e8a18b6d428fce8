"""Which worker is called for what, by `core.wake`."""

from __future__ import annotations

from uuid import UUID

from core.wake import call_on_commit

RUN_JOB = "generation.run_job"
RELEASE_ENGINE = "generation.release_engine"
CHECK_UPLOAD = "generation.check_upload"


def wake_on_commit(job_id: UUID) -> None:
    """Have a worker look at the job once the transaction commits; never fails the commit."""
    call_on_commit(RUN_JOB, job_id)


def release_engine_on_commit(job_id: UUID) -> None:
    """Have a worker take an ended job off its engine once the transaction commits."""
    call_on_commit(RELEASE_ENGINE, job_id)


def check_upload_on_commit(upload_id: UUID) -> None:
    """Have a worker look at an uploaded picture once the transaction commits."""
    call_on_commit(CHECK_UPLOAD, upload_id)
