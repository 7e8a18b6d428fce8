"""An owner's request whose process is killed right after it committed the end of a likeness."""

from __future__ import annotations

import os
import signal
import sys
from typing import Any
from uuid import UUID

import django

django.setup()

from cameos.services.use import revocation  # noqa: E402


def die(*args: Any) -> None:
    """Kill this process, as the kernel or an operator would."""
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    setattr(revocation, "_finish_now", die)  # noqa: B010 - as a plain assignment, types would object
    revocation.revoke_cameo(cameo_id=UUID(sys.argv[1]))
