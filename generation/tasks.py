"""What workers are called for; each calls one service and may be called twice."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from celery import shared_task
from celery.signals import worker_ready, worker_shutting_down

from generation.services.lease import end_leases_of_the_dead, stop_working
from generation.services.run import run_job
from generation.services.sweep import housekeep, release_engine, sweep
from generation.services.uploads import check_upload
from generation.wake import CHECK_UPLOAD, RELEASE_ENGINE, RUN_JOB


@shared_task(name=RUN_JOB)
def run_job_task(job_id: str) -> None:
    """Carry a job on, unless another worker does or it is not its turn."""
    run_job(job_id=UUID(job_id))


@shared_task(name=RELEASE_ENGINE)
def release_engine_task(job_id: str) -> None:
    """Take an ended job off its engine."""
    release_engine(job_id=UUID(job_id))


@shared_task(name=CHECK_UPLOAD)
def check_upload_task(upload_id: str) -> None:
    """Look at a picture that somebody uploaded."""
    check_upload(upload_id=UUID(upload_id))


@shared_task(name="generation.sweep")
def sweep_task() -> None:
    """Bring on what nobody carries on."""
    sweep()


@shared_task(name="generation.housekeep")
def housekeep_task() -> None:
    """Forget what is past its time."""
    housekeep()


@worker_ready.connect
def _take_over(**kwargs: Any) -> None:
    """Let the jobs of a worker that died here be taken up by the next sweep."""
    end_leases_of_the_dead()


@worker_shutting_down.connect
def _give_jobs_back(**kwargs: Any) -> None:
    """Let the jobs of this process go back to the queue instead of holding up its end."""
    stop_working()
