"""The web process of an embedded instance: migrate, then serve on the supervisor's socket.

Migrating here saves a whole start of Django on the way to "ready", and nothing is served from an
unmigrated database. Run as `python -m config.local.web SOCKET_FD INVITE_FILE`.
"""

from __future__ import annotations

import os
import socket
import sys
import threading
from pathlib import Path

import uvicorn

GRACE_SECONDS = 1  # open event streams are cut after this at a stop
FIRST_INVITE = {"uses": 25, "days": 30}


def main() -> None:
    """Serve until SIGTERM."""
    listener = socket.socket(fileno=int(sys.argv[1]))
    invite_file = Path(sys.argv[2])
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from django.core.management import call_command  # noqa: PLC0415

    from config.asgi import application  # noqa: PLC0415 - sets Django up

    call_command("migrate", interactive=False, verbosity=0)
    if not invite_file.exists():
        draft = invite_file.with_suffix(".new")
        draft.touch(mode=0o600)
        with draft.open("w", encoding="ascii") as file:
            call_command("invite", **FIRST_INVITE, stdout=file)
        draft.rename(invite_file)
    threading.Thread(target=_warm_up, name="warm-up", daemon=True).start()
    server = uvicorn.Config(
        application,
        log_config=None,  # Django's logging has set it up
        access_log=False,
        ws="websockets-sansio",
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    uvicorn.Server(server).run(sockets=[listener])


def _warm_up() -> None:
    """Load the prompt policy's model now, so that the first person does not wait for it."""
    from moderation.policy.check import check_text  # noqa: PLC0415 - Django is set up by now

    check_text("a red ball bounces")


if __name__ == "__main__":
    main()
