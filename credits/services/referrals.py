"""Who invited somebody gets credits once that somebody published a first clip.

A row is written with the publication, in its transaction, and paid after it: the publication waits
for nobody's wallet and does not fail for a reward, and a reward that a crash cut off is paid by
the next housekeeping.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from functools import partial
from uuid import UUID

from django.conf import settings
from django.db import DatabaseError, transaction
from django.utils import timezone

from accounts.selectors import inviter_of
from credits.models import LotSource, Referral
from credits.services.books import wallet_of
from credits.services.lots import add_lot
from notifications.services import publish

VALID = timedelta(days=90)
WINDOW = timedelta(days=30)  # in which an inviter gets at most REFERRALS_REWARDED_MAX rewards
BATCH = 200
_log = logging.getLogger(__name__)


def reward_referral(invitee_id: UUID) -> None:
    """Note that an invited user published a clip; their inviter's reward follows the commit.

    Call it in the transaction of the publication, which never fails for it. Only the first
    publication of a user counts, however often this is called.
    """
    try:
        with transaction.atomic():  # a savepoint: what fails in it leaves the publication whole
            _note(invitee_id)
    except DatabaseError:
        _log.exception("the referral of %s is not noted", invitee_id)


def pay_referrals() -> int:
    """Decide on every reward that is still due, and return of how many; safe at any time."""
    due = Referral.objects.filter(amount__isnull=True).order_by("created_at")
    ids = list(due.values_list("pk", flat=True)[:BATCH])
    for invitee_id in ids:
        _pay(invitee_id)
    return len(ids)


def _note(invitee_id: UUID) -> None:
    if settings.REFERRAL_CREDITS < 1 or Referral.objects.filter(pk=invitee_id).exists():
        return
    inviter = inviter_of(invitee_id)
    if inviter is None or not inviter.is_active:
        return
    row = Referral(invitee_id=invitee_id, inviter_id=inviter.pk)
    Referral.objects.bulk_create([row], ignore_conflicts=True)
    transaction.on_commit(partial(_pay, invitee_id), robust=True)


@transaction.atomic
def _pay(invitee_id: UUID) -> None:
    referral = Referral.objects.filter(pk=invitee_id).first()
    if referral is None:  # their account is gone
        return
    wallet = wallet_of(referral.inviter_id)  # two rewards of one inviter count in turn
    referral.refresh_from_db()
    if referral.amount is not None:
        return
    now = timezone.now()
    rewarded = Referral.objects.filter(
        inviter_id=referral.inviter_id, amount__gt=0, decided_at__gt=now - WINDOW
    )
    within = rewarded.count() < settings.REFERRALS_REWARDED_MAX
    referral.amount = settings.REFERRAL_CREDITS if within else 0
    referral.decided_at = now
    referral.save(update_fields=["amount", "decided_at"])
    if referral.amount:
        expires_at = now + VALID
        add_lot(
            wallet,
            amount=referral.amount,
            source=LotSource.REFERRAL,
            key=f"referral:{invitee_id}",
            expires_at=expires_at,
            note="Somebody you invited published a first clip",
        )
        told = {
            "amount": referral.amount,
            "source": LotSource.REFERRAL.value,
            "expires_at": expires_at.isoformat().replace("+00:00", "Z"),
        }
        publish(referral.inviter_id, "credits.granted", told, durable=True)
