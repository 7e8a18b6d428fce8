"""Wake-up calls to the workers. Losing one is harmless: a sweep repeats it within seconds."""

from __future__ import annotations

import logging
from functools import partial
from uuid import UUID

from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError

WAKE_SECONDS = 30  # a call that nobody took by then is stale
_log = logging.getLogger(__name__)


def call_on_commit(task: str, row_id: UUID) -> None:
    """Have a worker look at a row once the transaction commits; never fails the commit.

    Args:
        task: the name of one that takes an id.
        row_id: the id.
    """
    transaction.on_commit(partial(_call, task, str(row_id)))


def _call(task: str, row_id: str) -> None:
    try:
        current_app.send_task(task, (row_id,), expires=WAKE_SECONDS, retry=False)
    except (OperationalError, OSError) as error:
        _log.warning("no worker is woken, the broker does not answer: %s", error)
