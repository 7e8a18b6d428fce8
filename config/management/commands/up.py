"""`manage.py up`: start everything, print one line when it is ready, stop everything on Ctrl-C."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.checks import Tags
from django.core.management.base import BaseCommand, CommandError, CommandParser

from config import env
from config.checks import weak_defaults
from config.local.state import LocalServiceError
from config.local.supervisor import Options, Supervisor


class Command(BaseCommand):
    """Runs a whole instance until Ctrl-C or SIGTERM."""

    help = "Start PostgreSQL, Valkey, web, engine, worker and beat; Ctrl-C stops them."
    requires_system_checks = []  # a second of start-up; production checks below

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare what an operator may choose."""
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
        parser.add_argument("--port", type=int, default=8000, help="port to listen on")
        parser.add_argument("--state", default="", help="folder that keeps everything")
        parser.add_argument("--no-examples", action="store_true", help="start with an empty feed")

    def handle(self, **options: Any) -> None:
        """Run until stopped.

        Raises:
            CommandError: the instance cannot start or stay up; the text says why.
        """
        if settings.PRODUCTION:
            self.check(tags=[Tags.security])
        if weak := weak_defaults():
            names = ", ".join(variable.name for variable in weak)
            self.stderr.write(f"weak defaults in use: {names} (manage.py doctor says more)")
        chosen = Options(
            state_dir=Path(options["state"]).resolve() if options["state"] else settings.STATE_DIR,
            host=options["host"],
            port=options["port"],
            database_url=env.read("DATABASE_URL"),
            redis_url=env.read("REDIS_URL"),
            has_engines=env.is_set("ENGINES"),
            with_examples=not options["no_examples"],
        )
        try:
            Supervisor(chosen).run()
        except LocalServiceError as error:
            raise CommandError(str(error)) from error
