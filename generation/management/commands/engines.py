"""`manage.py engines [--urls]`: the configured engines: name, kind, state, slots."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from generation.engines import configured, report_of


class Command(BaseCommand):
    """Lists the engines."""

    help = "List the engines: name, kind, state and slots."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare --urls."""
        parser.add_argument("--urls", action="store_true", help="one base URL a line, nothing else")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print one line for each engine.

        Raises:
            CommandError: none is configured, and no embedded one runs.
        """
        engines = configured()
        if not engines:
            raise CommandError("No engine: ENGINES is empty and no instance runs here.")
        for name, engine in sorted(engines.items()):
            if options["urls"]:
                self.stdout.write(engine.url)
                continue
            report = report_of(name)
            kind = report.capabilities.kind if report.capabilities else "unknown"
            state = "available" if report.is_available else "does not answer"
            self.stdout.write(f"{name}\t{kind}\t{state}\t{engine.slots}")
