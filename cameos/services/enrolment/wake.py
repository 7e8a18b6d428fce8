"""Wake-up calls to the workers. Losing one is harmless: the sweep repeats it within seconds."""

from __future__ import annotations

import logging
from functools import partial
from uuid import UUID

from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError

VERIFY = "cameos.verify"
WAKE_SECONDS = 30  # a call that nobody took by then is stale
_log = logging.getLogger(__name__)


def wake_on_commit(enrolment_id: UUID) -> None:
    """Have a worker look at the enrolment once the transaction commits; never fails the commit."""
    transaction.on_commit(partial(_call, str(enrolment_id)))


def _call(enrolment_id: str) -> None:
    try:
        current_app.send_task(VERIFY, (enrolment_id,), expires=WAKE_SECONDS, retry=False)
    except (OperationalError, OSError) as error:
        _log.warning("no worker is woken, the broker does not answer: %s", error)
