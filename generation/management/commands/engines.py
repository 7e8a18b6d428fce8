"""`manage.py engines [--urls]`, `… check FOLDER [--card GIB]`, `… drain NAME`, `… resume NAME`.

The first lists the configured engines: name, kind, state, slots. The second says what a model
folder is, what it may be used for, and whether it goes onto a card. The others stop and start the
flow of jobs to an engine.
"""

from __future__ import annotations

import subprocess
import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from generation.engines.breaker import state_of
from generation.engines.configured import configured
from generation.engines.reports import EngineReport, is_licensed, report_of
from generation.services.engines import drain_engine, resume_engine

STATES = {"drained": "drained", "open": "failing", "trying": "on trial"}
CHECK_SECONDS = 120  # it reads headers alone; a slow disk may hold many


class Command(BaseCommand):
    """Lists the engines, checks a model folder, or drains an engine."""

    help = "List the engines: name, kind, state and slots; check a model folder; drain an engine."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare --urls and the actions."""
        parser.add_argument("--urls", action="store_true", help="one base URL a line, nothing else")
        actions = parser.add_subparsers(dest="action", metavar="ACTION")
        check = actions.add_parser("check", help="say what a model folder is; loads nothing")
        check.add_argument("folder")
        check.add_argument("--card", type=float, metavar="GIB", help="memory of your card")
        for name, text in (
            ("drain", "give an engine no more jobs"),
            ("resume", "give it jobs again"),
        ):
            actions.add_parser(name, help=text).add_argument("name")

    def handle(self, *args: Any, **options: Any) -> None:
        """List, check, drain or resume.

        Raises:
            CommandError: none is configured, and no embedded one runs; or none of that name; or the
                folder is no model that we run, or does not go onto the card.
        """
        match options["action"]:
            case "check":
                self._check(options["folder"], options["card"])
            case "drain" | "resume" as action:
                self._switch(action, options["name"])
            case _:
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
            state = self._state(report)
            self.stdout.write(f"{name}\t{kind}\t{state}\t{engine.slots}")

    def _state(self, report: EngineReport) -> str:
        capabilities = report.capabilities
        if capabilities is not None and not is_licensed(report.engine, capabilities):
            return f"licence {capabilities.licence} is not accepted"
        if not report.is_available:
            return "does not answer"
        return STATES.get(state_of(report.engine.name), "available")

    def _switch(self, action: str, name: str) -> None:
        if name not in configured():
            raise CommandError(f"There is no engine {name!r}; there are {sorted(configured())}.")
        if action == "drain":
            drain_engine(name=name)
            self.stdout.write(f"{name} gets no more jobs; what it renders now it may finish.")
        else:
            resume_engine(name=name)
            self.stdout.write(f"{name} gets jobs again.")

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
