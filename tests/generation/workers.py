"""Workers as threads, and waiting for what they do."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from django.db import connection

from generation.models import Job
from generation.services.run import run_job

PATIENCE_SECONDS = 60


def in_thread(job: Job) -> threading.Thread:
    """Run the job as a worker thread does."""

    def work() -> None:
        run_job(job_id=job.pk)
        connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    return thread


def wait_for(job: Job, **expected: object) -> None:
    """Wait until the row has these values."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not Job.objects.filter(pk=job.pk, **expected).exists():
        assert time.monotonic() < deadline, Job.objects.values().get(pk=job.pk)
        time.sleep(0.01)


def wait_until(condition: Callable[[], object]) -> None:
    """Wait until it is true."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)
