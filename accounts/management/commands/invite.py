"""`manage.py invite [--uses N] [--days D]`: print a new invite code and nothing else."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.services import create_invite

USES_MAX = 1_000_000
DAYS_MAX = 3_650


class Command(BaseCommand):
    """Makes an invite of the operator's."""

    help = "Print a new invite code and nothing else."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare --uses and --days."""
        parser.add_argument("--uses", type=int, default=1, help="how many people it lets in")
        parser.add_argument("--days", type=int, default=30, help="days until it expires")

    def handle(self, *args: Any, **options: Any) -> None:
        """Make the invite.

        Raises:
            CommandError: a number is out of range.
        """
        uses, days = options["uses"], options["days"]
        if not 1 <= uses <= USES_MAX:
            raise CommandError(f"--uses is a number from 1 to {USES_MAX}.")
        if not 1 <= days <= DAYS_MAX:
            raise CommandError(f"--days is a number from 1 to {DAYS_MAX}.")
        self.stdout.write(create_invite(by=None, uses=uses, days=days)[1])
