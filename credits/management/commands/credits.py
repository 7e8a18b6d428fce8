"""`manage.py credits balance|grant|plan|costs|reconcile`: an operator's view of the books."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from core.ids import new_id
from credits.errors import PlanUnknown
from credits.selectors import balance_of, budget, cost_report
from credits.selectors.costs import GROUPS
from credits.services import grant, reconcile, set_plan

DAYS_MAX = 3_650


class Command(BaseCommand):
    """Shows and changes what people may spend."""

    help = "Show a balance, give credits or a plan, tell the costs, check the books."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the actions and what each takes."""
        actions = parser.add_subparsers(dest="action", required=True)
        balance = actions.add_parser("balance", help="what a user has")
        balance.add_argument("username")
        give = actions.add_parser("grant", help="give a user credits")
        give.add_argument("username")
        give.add_argument("amount", type=int)
        give.add_argument("--days", type=int, default=365, help="days until they expire")
        give.add_argument("--note", default="", help="words for the user")
        give.add_argument("--key", default="", help="the same key again gives nothing")
        plan = actions.add_parser("plan", help="give a user a plan")
        plan.add_argument("username")
        plan.add_argument("plan")
        plan.add_argument("--days", type=int, help="days until it ends; left out: never; 0: now")
        costs = actions.add_parser("costs", help="what clips cost")
        costs.add_argument("--by", choices=GROUPS, default="day")
        costs.add_argument("--days", type=int, default=30, help="days to look back")
        actions.add_parser("reconcile", help="check the books; fails where they do not add up")

    def handle(self, *args: Any, **options: Any) -> None:
        """Carry out the action.

        Raises:
            CommandError: there is no such user or plan, a number is out of range, or the books do
                not add up.
        """
        getattr(self, f"_{options['action']}")(options)

    def _balance(self, options: dict[str, Any]) -> None:
        got = balance_of(_user_id(options["username"]))
        self.stdout.write(f"plan {got.plan.name}")
        self.stdout.write(f"balance {got.balance}, held {got.held}")
        for lot in got.lots:
            self.stdout.write(
                f"{lot.left:>8} {lot.source:<9} until {lot.expires_at:%Y-%m-%d %H:%M}"
            )

    def _grant(self, options: dict[str, Any]) -> None:
        amount, days = options["amount"], options["days"]
        if amount < 1:
            raise CommandError("grant how many? A number from 1.")
        given = grant(
            user_id=_user_id(options["username"]),
            amount=amount,
            source="grant",
            key=f"operator:{options['key'] or new_id()}",
            expires_at=_in_days(days, least=1),
            note=options["note"],
        )
        self.stdout.write(f"{amount} granted" if given else "granted before: nothing is given")

    def _plan(self, options: dict[str, Any]) -> None:
        days = options["days"]
        try:
            set_plan(
                user_id=_user_id(options["username"]),
                plan=options["plan"],
                until=None if days is None else _in_days(days, least=0),
                source="operator",
            )
        except PlanUnknown as error:
            raise CommandError(error.detail) from error
        self.stdout.write(f"@{options['username']} has {options['plan']}")

    def _costs(self, options: dict[str, Any]) -> None:
        since = timezone.now() - timedelta(days=options["days"])
        for row in cost_report(since, by=options["by"]):
            self.stdout.write(
                f"{row.key or '-':<40} {row.clips:>6} clips {row.engine_seconds:>10.0f} s"
                f" {row.cost:>10.2f} {row.currency} {row.watt_hours:>8.0f} Wh"
                f" {row.image_equivalents:>8.0f} images"
            )
        now = budget()
        for period, spent, limit in (
            ("today", now.daily_spent, now.daily_limit),
            ("this month", now.monthly_spent, now.monthly_limit),
        ):
            of = "no limit" if limit is None else f"of {limit:.2f}"
            self.stdout.write(f"{period}: {spent:.2f} {now.currency}, {of}")

    def _reconcile(self, options: dict[str, Any]) -> None:
        found = reconcile()
        for each in found:
            self.stdout.write(str(each))
        if found:
            raise CommandError(f"{len(found)} sums of the books are wrong.")
        self.stdout.write("the books add up")


def _user_id(username: str) -> UUID:
    user = get_user_model().objects.filter(username=username.lower()).first()
    if user is None:
        raise CommandError(f"There is no user {username!r}.")
    return user.pk


def _in_days(days: int, *, least: int) -> datetime:
    if not least <= days <= DAYS_MAX:
        raise CommandError(f"--days is a number from {least} to {DAYS_MAX}.")
    return timezone.now() + timedelta(days=days)
