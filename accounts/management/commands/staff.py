"""`manage.py staff USERNAME --role ROLE`: make a user staff."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.errors import UserNotFound
from accounts.policy import ROLES
from accounts.services import grant_role


class Command(BaseCommand):
    """Gives a user a role of the staff."""

    help = f"Make a user staff in a role: {', '.join(ROLES)}."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the name and --role."""
        parser.add_argument("username")
        parser.add_argument("--role", choices=ROLES, required=True)

    def handle(self, *args: Any, **options: Any) -> None:
        """Grant the role.

        Raises:
            CommandError: nobody has that name.
        """
        try:
            user = grant_role(username=options["username"], role=options["role"])
        except UserNotFound as error:
            raise CommandError(f"There is no user {options['username']!r}.") from error
        self.stdout.write(f"{user} is {options['role']}")
