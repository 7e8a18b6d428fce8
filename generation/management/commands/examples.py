"""`manage.py examples`: make the example clips that this instance does not have yet."""

from __future__ import annotations

import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError, connection

from generation.errors import EngineNotReady
from generation.models import Job
from generation.services.examples import example_job, missing_examples, submit_example
from generation.states import TERMINAL

ENGINE_SECONDS_MAX = 180.0  # a first start compiles
POLL_SECONDS = 1.0


class Command(BaseCommand):
    """Makes the example clips, one after the other: people's own prompts take turns with them."""

    help = "Make the example clips that are missing, through the flow that every clip takes."

    def handle(self, *args: Any, **options: Any) -> None:
        """Queue each missing example and wait for its end.

        Raises:
            CommandError: the engine does not answer.
        """
        for example in missing_examples():
            job = self._ended(self._submitted(example))
            state = job.state if job else "gone"
            why = f" ({job.error_code})" if job and job.error_code else ""
            self.stdout.write(f"{state}{why}: {example.caption}")

    def _submitted(self, example: Any) -> Job:
        deadline = time.monotonic() + ENGINE_SECONDS_MAX
        while True:
            try:
                return submit_example(example)
            except EngineNotReady as error:
                if time.monotonic() > deadline:
                    raise CommandError(error.detail) from error
                time.sleep(POLL_SECONDS)

    def _ended(self, job: Job) -> Job | None:
        current: Job | None = job
        while current is not None and current.state not in TERMINAL:
            time.sleep(POLL_SECONDS)
            try:
                current = example_job(job)
            except OperationalError:  # PostgreSQL restarts
                connection.close()
        return current
