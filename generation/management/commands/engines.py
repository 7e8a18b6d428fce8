"""`manage.py engines [--urls]` and `manage.py engines check FOLDER [--card GIB]`.

The first lists the configured engines: name, kind, state, slots. The second says what a model
folder is, what it may be used for, and whether it goes onto a card.
"""

from __future__ import annotations

import subprocess
import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from generation.engines import configured, report_of

CHECK_SECONDS = 120  # it reads headers alone; a slow disk may hold many


class Command(BaseCommand):
    """Lists the engines, or checks a model folder."""

    help = "List the engines: name, kind, state and slots; or check a model folder."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare --urls, and check with a folder and --card."""
        parser.add_argument("--urls", action="store_true", help="one base URL a line, nothing else")
        actions = parser.add_subparsers(dest="action", metavar="check")
        check = actions.add_parser("check", help="say what a model folder is; loads nothing")
        check.add_argument("folder")
        check.add_argument("--card", type=float, metavar="GIB", help="memory of your card")

    def handle(self, *args: Any, **options: Any) -> None:
        """List, or check.

        Raises:
            CommandError: none is configured, and no embedded one runs; or the folder is no model
                that we run, or does not go onto the card.
        """
        if options["action"] == "check":
            self._check(options["folder"], options["card"])
        else:
            self._list(is_for_scripts=options["urls"])

    def _list(self, *, is_for_scripts: bool) -> None:
        engines = configured()
        if not engines:
            raise CommandError("No engine: ENGINES is empty and no instance runs here.")
        for name, engine in sorted(engines.items()):
            if is_for_scripts:
                self.stdout.write(engine.url)
                continue
            report = report_of(name)
            kind = report.capabilities.kind if report.capabilities else "unknown"
            state = "available" if report.is_available else "does not answer"
            self.stdout.write(f"{name}\t{kind}\t{state}\t{engine.slots}")

    def _check(self, folder: str, card_gib: float | None) -> None:
        # A process of its own: what the server is made of knows no engine from inside.
        command = [sys.executable, "-m", "engine.engines.diffusers"]
        command += [f"--card={card_gib}"] if card_gib is not None else []
        try:
            told = subprocess.run(  # noqa: S603 - our own module; no shell reads the folder's name
                [*command, "--", folder],
                cwd=settings.BASE_DIR,
                capture_output=True,
                text=True,
                timeout=CHECK_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise CommandError(f"{folder} was not read within {CHECK_SECONDS} s.") from None
        if told.stdout:
            self.stdout.write(told.stdout)
        if told.returncode:
            raise CommandError(told.stderr.strip(), returncode=told.returncode)
