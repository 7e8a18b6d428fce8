"""Where a worker keeps the files of a job until the clip is stored."""

from __future__ import annotations

import shutil
from pathlib import Path
from uuid import UUID

from django.conf import settings


def work_dir(job_id: UUID) -> Path:
    """Return the job's folder on this machine, made when missing."""
    folder = Path(settings.WORK_DIR) / str(job_id)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def clear_work(job_id: UUID) -> None:
    """Remove the job's folder; none is fine."""
    shutil.rmtree(Path(settings.WORK_DIR) / str(job_id), ignore_errors=True)


def jobs_with_work() -> list[UUID]:
    """Return the jobs that have a folder on this machine."""
    root = Path(settings.WORK_DIR)
    return [UUID(folder.name) for folder in root.iterdir()] if root.is_dir() else []
