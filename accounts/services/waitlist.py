"""The waitlist: a queue of addresses, released k at a time."""

from __future__ import annotations

from datetime import datetime, timedelta
from smtplib import SMTPException

from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts.models import WaitlistEntry
from accounts.services.invites import create_invite

CODE_DAYS = 14
# After this long a release that sent no mail is taken for dead: the next one takes it over.
MAILING_SECONDS_MAX = 600


def join_waitlist(*, email: str) -> int:
    """Put an address on the waitlist and return its position, from 1.

    Joining twice keeps the first place. An address that was invited already, or has an account,
    gets the answer of a newcomer: nothing is told about accounts.
    """
    email = email.lower()
    WaitlistEntry.objects.bulk_create([WaitlistEntry(email=email)], ignore_conflicts=True)
    entry = WaitlistEntry.objects.get(email=email)
    waiting = WaitlistEntry.objects.waiting()
    if entry.invited_at is None:
        waiting = waiting.filter(pk__lt=entry.pk)
    return waiting.count() + 1


def release_waitlist(*, count: int) -> int:
    """Mail a single-use code to each of the first `count` people, and return how many were mailed.

    Two releases at once mail different people. A release that was killed between making a code and
    mailing it is taken up by the next one, with a new code.

    Raises:
        OSError: the mail server cannot be reached; who was not mailed waits in their old place.
        SMTPException: it refuses; the same.
    """
    mailed = 0
    started_at = timezone.now()
    while mailed < count and (claimed := _claim(started_at)) is not None:
        entry, code = claimed
        try:
            _mail_code(entry.email, code)
        except (OSError, SMTPException):
            _put_back(entry)
            raise
        WaitlistEntry.objects.filter(pk=entry.pk).update(mailed_at=timezone.now())
        mailed += 1
    return mailed


def _claim(started_at: datetime) -> tuple[WaitlistEntry, str] | None:
    """Make an invite for the first person who waits, or whose release died before it mailed."""
    with transaction.atomic():
        dead = Q(
            mailed_at__isnull=True,
            invited_at__lt=started_at - timedelta(seconds=MAILING_SECONDS_MAX),
        )
        entry = (
            WaitlistEntry.objects.select_for_update(skip_locked=True)
            .filter(Q(invited_at__isnull=True) | dead)
            .order_by("pk")
            .first()
        )
        if entry is None:
            return None
        _revoke(entry)
        entry.invite, code = create_invite(by=None, uses=1, days=CODE_DAYS)
        entry.invited_at = timezone.now()
        entry.save(update_fields=["invite", "invited_at"])
    return entry, code


def _put_back(entry: WaitlistEntry) -> None:
    with transaction.atomic():
        _revoke(entry)
        entry.invite, entry.invited_at = None, None
        entry.save(update_fields=["invite", "invited_at"])


def _revoke(entry: WaitlistEntry) -> None:
    if entry.invite is not None:
        entry.invite.revoked_at = timezone.now()
        entry.invite.save(update_fields=["revoked_at"])


def _mail_code(email: str, code: str) -> None:
    where = f"\n\n{settings.PUBLIC_URL}" if settings.PUBLIC_URL else ""
    send_mail(
        subject=f"Your invite to {settings.INSTANCE_NAME}",
        message=(
            f"Your place on the waitlist has come up. This code lets one person in, "
            f"within {CODE_DAYS} days:\n\n    {code}{where}\n"
        ),
        from_email=None,
        recipient_list=[email],
    )
