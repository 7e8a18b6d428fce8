"""`manage.py waitlist release K`: mail an invite code to each of the first K people who wait."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.models import WaitlistEntry
from accounts.services import release_waitlist


class Command(BaseCommand):
    """Shows and releases the waitlist."""

    help = "`waitlist` tells how many wait; `waitlist release K` mails a code to the first K."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the action."""
        parser.add_argument("action", nargs="?", choices=["release"])
        parser.add_argument("count", nargs="?", type=int)

    def handle(self, *args: Any, **options: Any) -> None:
        """Show the length of the waitlist, or release its first people.

        Raises:
            CommandError: `release` without a number from 1.
        """
        if options["action"] is None:
            self.stdout.write(f"{WaitlistEntry.objects.waiting().count()} waiting")
            return
        count = options["count"]
        if count is None or count < 1:
            raise CommandError("release how many?")
        self.stdout.write(f"{release_waitlist(count=count)} mailed")
