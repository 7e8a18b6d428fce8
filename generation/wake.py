"""Wake-up calls to the workers. Losing one is harmless: the sweep repeats it within seconds."""

from __future__ import annotations

import logging
from functools import partial
from uuid import UUID

from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError

RUN_JOB = "generation.run_job"
RELEASE_ENGINE = "generation.release_engine"
CHECK_UPLOAD = "generation.check_upload"
WAKE_SECONDS = 30  # a call that nobody took by then is stale
_log = logging.getLogger(__name__)


def wake_on_commit(job_id: UUID) -> None:
    """Have a worker look at the job once the transaction commits; never fails the commit."""
    _call_on_commit(RUN_JOB, job_id)


def release_engine_on_commit(job_id: UUID) -> None:
    """Have a worker take an ended job off its engine once the transaction commits."""
    _call_on_commit(RELEASE_ENGINE, job_id)


def check_upload_on_commit(upload_id: UUID) -> None:
    """Have a worker look at an uploaded picture once the transaction commits."""
    _call_on_commit(CHECK_UPLOAD, upload_id)


def _call_on_commit(task: str, row_id: UUID) -> None:
    transaction.on_commit(partial(_call, task, str(row_id)))


def _call(task: str, row_id: str) -> None:
    try:
        current_app.send_task(task, (row_id,), expires=WAKE_SECONDS, retry=False)
    except (OperationalError, OSError) as error:
        _log.warning("no worker is woken, the broker does not answer: %s", error)
