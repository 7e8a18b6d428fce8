"""A worker that is killed at a named step: `python dying_worker.py JOB_ID STEP`."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from typing import Any
from uuid import UUID

import django

django.setup()

from engine.client import EngineClient  # noqa: E402
from generation.services import finish, run  # noqa: E402

# After which call the process dies.
STEPS: dict[str, tuple[Any, str]] = {
    "submitted": (EngineClient, "submit"),
    "marked": (run, "ensure_marked"),
    "in_transaction": (finish, "create_draft"),
    "committed": (run, "finish"),
}


def dies_after(call: Callable[..., Any]) -> Callable[..., Any]:
    """Return the call with a kill -9 of this process behind it."""

    def last(*args: Any, **kwargs: Any) -> None:
        call(*args, **kwargs)
        os.kill(os.getpid(), signal.SIGKILL)

    return last


if __name__ == "__main__":
    owner, name = STEPS[sys.argv[2]]
    setattr(owner, name, dies_after(getattr(owner, name)))
    run.run_job(job_id=UUID(sys.argv[1]))
