"""`manage.py dead_letters`, `… replay ID|all`, `… dismiss ID`: jobs that failed by our fault.

The list has one a line: id, when it ended, engine, code, its author, message.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser

from core.errors import DomainError
from generation.selectors import dead_letters
from generation.services.dead_letters import dismiss, replay, replay_all

ALL = "all"


class Command(BaseCommand):
    """Lists failed jobs, makes them anew, or puts them aside."""

    help = "List the jobs that failed by a fault of ours; replay or dismiss them."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the actions."""
        actions = parser.add_subparsers(dest="action", metavar="ACTION")
        again = actions.add_parser("replay", help="make the clip anew, at no charge")
        again.add_argument("job", help=f"id of a job, or '{ALL}'")
        actions.add_parser("dismiss", help="put it aside").add_argument("job", type=UUID)

    def handle(self, *args: Any, **options: Any) -> None:
        """List, replay or dismiss.

        Raises:
            CommandError: no such job waits for an operator, or it cannot be queued now.
        """
        try:
            match options["action"]:
                case "replay":
                    self._replay(options["job"])
                case "dismiss":
                    dismiss(job_id=options["job"])
                    self.stdout.write("Put aside.")
                case _:
                    self._list()
        except DomainError as error:
            raise CommandError(f"{error.code}: {error.detail}") from None

    def _list(self) -> None:
        for job in dead_letters().select_related("user"):
            ended = job.finished_at.isoformat(timespec="seconds") if job.finished_at else ""
            fields = (str(job.pk), ended, job.engine, job.error_code, str(job.user))
            self.stdout.write("\t".join((*fields, job.error_message)))

    def _replay(self, which: str) -> None:
        if which != ALL:
            try:
                job_id = UUID(which)
            except ValueError:
                raise CommandError(f"{which!r} is no id, nor '{ALL}'.") from None
            self.stdout.write(f"Queued again as {replay(job_id=job_id).pk}.")
            return
        done = replay_all()
        self.stdout.write(f"{done.queued} queued again.")
        for why, count in done.refused.items():
            self.stdout.write(f"{count} cannot be queued now: {why}")
