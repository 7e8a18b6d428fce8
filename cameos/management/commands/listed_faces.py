"""`manage.py listed_faces add PICTURE… --name NAME | list | remove ID`: faces kept out of clips."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser

from cameos.selectors import listed_faces
from cameos.services import list_face, unlist_face
from core.errors import DomainError
from perception.faces import PackError
from transcode.errors import NotAPicture

HELP = """
Keep people out of every clip of this instance: their faces out of films and uploads, their names
out of prompts. The list ships empty. Put somebody on it because they, or the law, ask for it, with
a picture that you may process: a face template is biometric data (GDPR, Art. 9), so write down on
which ground you keep it. Never fill the list by collecting faces from the internet or from CCTV:
the untargeted scraping of facial images is forbidden (Regulation (EU) 2024/1689, Art. 5(1)(e)).
Of a picture only the sealed template is kept.
"""


class Command(BaseCommand):
    """Lists, adds and ends the operator's entries."""

    help = HELP

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the actions."""
        actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
        add = actions.add_parser("add", help="keep a face out, from one or more pictures of it")
        add.add_argument("pictures", type=Path, nargs="+", metavar="PICTURE")
        add.add_argument("--name", default="", help="is refused in prompts too; empty: face alone")
        actions.add_parser("list", help="one entry a line: id, since when, name")
        actions.add_parser("remove", help="destroy an entry's template").add_argument(
            "id", type=UUID
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Add, list or remove.

        Raises:
            CommandError: a picture cannot be read or shows not one face, or there is no such entry.
        """
        try:
            match options["action"]:
                case "add":
                    self._add(options["pictures"], options["name"])
                case "remove":
                    unlist_face(listed_id=options["id"])
                    self.stdout.write("Removed.")
                case _:
                    self._list()
        except DomainError as error:
            raise CommandError(f"{error.code}: {error.detail}") from None
        except PackError as error:
            raise CommandError(str(error)) from None

    def _add(self, pictures: list[Path], name: str) -> None:
        for path in pictures:
            try:
                entry = list_face(name=name, picture=path.read_bytes())
            except (OSError, NotAPicture) as error:
                raise CommandError(f"{path}: {error}") from None
            except DomainError as error:
                raise CommandError(f"{path}: {error.detail}") from None
            self.stdout.write(f"{entry.pk}\t{path}")

    def _list(self) -> None:
        entries = list(listed_faces())
        for entry in entries:
            since = entry.created_at.isoformat(timespec="seconds")
            self.stdout.write(f"{entry.pk}\t{since}\t{entry.name}")
        if not entries:
            self.stdout.write("Nobody is listed.")
