"""`manage.py switch`, `… on NAME --reason "…"`, `… off NAME`: the crisis switches."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from core.errors import InvalidField, UnknownSwitch
from core.switches import release_switch, switch_names, throw_switch, thrown_rows

ACT_SECONDS = 5  # within which every process acts on a change


class Command(BaseCommand):
    """Lists, throws and releases the crisis switches."""

    help = "List the crisis switches; throw one (on) or release it (off)."
    requires_system_checks = []  # a crisis does not wait for them

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the actions."""
        actions = parser.add_subparsers(dest="action", metavar="ACTION")
        on = actions.add_parser("on", help="throw a switch: stop what it is named for")
        on.add_argument("--reason", required=True, help="why, for those who find it thrown")
        off = actions.add_parser("off", help="release a switch: let it go on")
        for action in (on, off):
            names = "generation, sign_up, cameos, read_only or engine:<name>"
            action.add_argument("name", help=names)
            action.add_argument("--by", default="operator", help="who does it, for the trail")

    def handle(self, *args: Any, **options: Any) -> None:
        """List, throw or release.

        Raises:
            CommandError: there is no such switch, or the reason is empty or too long.
        """
        try:
            match options["action"]:
                case "on":
                    self._throw(options["name"], options["reason"], options["by"])
                case "off":
                    self._release(options["name"], options["by"])
                case _:
                    self._list()
        except (UnknownSwitch, InvalidField) as error:
            raise CommandError(error.detail) from None

    def _throw(self, name: str, reason: str, by: str) -> None:
        throw_switch(name=name, reason=reason, by=by)
        self.stdout.write(f"{name} is thrown; every process acts on it within {ACT_SECONDS} s.")

    def _release(self, name: str, by: str) -> None:
        if release_switch(name=name, by=by):
            self.stdout.write(f"{name} is released; it goes on within {ACT_SECONDS} s.")
        else:
            self.stdout.write(f"{name} was not thrown.")

    def _list(self) -> None:
        thrown = {row.name: row for row in thrown_rows()}
        for name in dict.fromkeys([*switch_names(), *thrown]):
            row = thrown.get(name)
            if row is None:
                self.stdout.write(f"{name}\toff")
            else:
                since = row.set_at.isoformat(timespec="seconds")
                self.stdout.write(f"{name}\tON\tsince {since} by {row.set_by}: {row.reason}")
