"""`manage.py likeness status|rotate|verify|purge`: custody of faces, for the operator."""

from __future__ import annotations

import re
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from cameos.custody import Head, head, rotate_keys, verify_chain
from cameos.errors import KeksUnusable, SealBroken
from cameos.services.figures import custody_figures
from cameos.services.sweep import purge

_HEAD = re.compile(r"([0-9]{1,18}):([0-9a-f]{64})")


class Command(BaseCommand):
    """Tells how custody stands, rotates its keys, checks the consent log, destroys what is due."""

    help = "Custody of likenesses: status, rotate keys, verify the consent log, purge what is due."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the actions."""
        actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
        actions.add_parser("status", help="what is kept, by which keys and packs")
        actions.add_parser("rotate", help="wrap every data key anew under the newest KEK")
        verify = actions.add_parser("verify", help="check the consent log's chain of hashes")
        verify.add_argument(
            "--head", help="a head that an earlier verify printed: it must still be in the log"
        )
        actions.add_parser("purge", help="destroy everything whose time is over")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it and say what came of it.

        Raises:
            CommandError: LIKENESS_KEKS cannot be used, a key was altered or its KEK is missing, or
                the log is broken.
        """
        try:
            match options["action"]:
                case "status":
                    self._status()
                case "rotate":
                    self._rotate()
                case "verify":
                    self._verify(options["head"])
                case "purge":
                    self.stdout.write(str(purge()))
        except (KeksUnusable, SealBroken) as error:
            raise CommandError(error.detail) from None

    def _status(self) -> None:
        found = custody_figures()
        say = self.stdout.write
        for kek, count in found.keys_by_kek.items():
            is_newest = "" if kek == found.newest_kek else "  (older: manage.py likeness rotate)"
            say(f"data keys under {kek}: {count}{is_newest}")
        for pack, count in sorted(found.templates_by_pack.items()):
            say(f"templates of pack {pack}: {count}{'  (in use)' if pack == found.pack else ''}")
        if not found.pack:
            say("no face pack is in use: manage.py face_pack build")
        if found.not_comparable:
            say(f"{found.not_comparable} templates are of another pack than the one in use: they "
                "match nothing until their people enrol again")  # fmt: skip
        since = (
            f", the oldest since {found.oldest_capture:%F %T} UTC" if found.captures_kept else ""
        )
        say(f"captures kept: {found.captures_kept}{since}")
        say(f"consent log: {found.head.sequence} lines")

    def _rotate(self) -> None:
        report = rotate_keys()
        self.stdout.write(f"{report.rewrapped} data keys are wrapped anew.")
        for kek, count in report.out_of_reach.items():
            raise CommandError(f"{count} data keys are under {kek!r}, which LIKENESS_KEKS lacks.")

    def _verify(self, kept: str | None) -> None:
        match = _HEAD.fullmatch(kept) if kept else None
        if kept and match is None:
            raise CommandError("--head is SEQUENCE:HASH, as an earlier verify printed it.")
        broken = verify_chain(kept=Head(int(match[1]), match[2]) if match else None)
        if broken is not None:
            raise CommandError(f"The consent log is not what was written, from line {broken} on.")
        last = head()
        self.stdout.write(
            f"{last.sequence} lines, unbroken. Keep this: {last.sequence}:{last.hash}"
        )
