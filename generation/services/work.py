"""Where a worker keeps the files of a job until the clip is stored."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from uuid import UUID

from django.conf import settings

_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def work_dir(job_id: UUID) -> Path:
    """Return the job's folder on this machine, made when missing."""
    folder = Path(settings.WORK_DIR) / str(job_id)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def clear_work(job_id: UUID) -> None:
    """Remove the job's folder; none is fine."""
    shutil.rmtree(Path(settings.WORK_DIR) / str(job_id), ignore_errors=True)


def jobs_with_work() -> list[UUID]:
    """Return the jobs that have a folder on this machine; other apps' folders are not looked at."""
    root = Path(settings.WORK_DIR)
    names = [folder.name for folder in root.iterdir()] if root.is_dir() else []
    return [UUID(name) for name in names if _UUID.fullmatch(name)]
