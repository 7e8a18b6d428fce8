"""What workers are called for; may be called twice."""

from __future__ import annotations

import logging

from celery import shared_task

from credits.services import reconcile

_log = logging.getLogger(__name__)


@shared_task(name="credits.reconcile")
def reconcile_task() -> None:
    """Hold the books against their rows, and log as an error whatever does not add up."""
    for discrepancy in reconcile():
        _log.error("the books do not add up: %s", discrepancy)
