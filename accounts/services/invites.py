"""Making, revoking and redeeming invites."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F, Sum
from django.utils import timezone

from accounts.codes import hash_code, new_code
from accounts.errors import InviteInvalid, InviteQuotaReached
from accounts.models import Invite, InviteRedemption, User
from core.errors import NotFound

DAYS_DEFAULT = 30


def create_invite(
    *, by: UUID | None, uses: int = 1, days: int | None = DAYS_DEFAULT
) -> tuple[Invite, str]:
    """Make an invite and return it with its code, which is not kept and cannot be shown again.

    Args:
        by: the user who invites, within their quota; None: the operator, who has none.
        uses: how many people may come in by it, from 1.
        days: days until it expires; None: never.

    Raises:
        InviteQuotaReached: the user's open invites would hold more than INVITES_PER_USER places.
    """
    code = new_code()
    expires_at = None if days is None else timezone.now() + timedelta(days=days)
    with transaction.atomic():
        if by is not None:
            _hold_quota(by, uses)
        invite = Invite.objects.create(
            code_hash=hash_code(code),
            created_by_id=by,
            uses=uses,
            uses_left=uses,
            expires_at=expires_at,
        )
    return invite, code


def revoke_invite(*, invite_id: UUID, by: UUID) -> None:
    """Let nobody else in by this invite of the user's own; revoking twice is harmless.

    Raises:
        NotFound: the user made no such invite.
    """
    mine = Invite.objects.filter(pk=invite_id, created_by_id=by)
    revoked = mine.filter(revoked_at__isnull=True).update(revoked_at=timezone.now())
    if not revoked and not mine.exists():
        raise NotFound("There is no such invite of yours.")


def redeem_invite(*, code: str, user_id: UUID) -> None:
    """Use up one place of the code's invite and record that the user came by it.

    Call it in the transaction that makes the account, as its last step: the invite's row stays
    locked until that transaction ends.

    Raises:
        InviteInvalid: unknown, expired, used up or revoked; one and the same statement finds out.
    """
    code_hash = hash_code(code)
    with transaction.atomic():
        if (
            not Invite.objects.open()
            .filter(code_hash=code_hash)
            .update(uses_left=F("uses_left") - 1)
        ):
            raise InviteInvalid(field="invite_code")
        InviteRedemption.objects.create(
            invite=Invite.objects.get(code_hash=code_hash), user_id=user_id
        )


def _hold_quota(user_id: UUID, uses: int) -> None:
    User.objects.select_for_update().get(pk=user_id)  # two requests of one user count in turn
    open_invites = Invite.objects.open().filter(created_by_id=user_id)
    held = open_invites.aggregate(places=Sum("uses_left"))["places"] or 0
    if held + uses > settings.INVITES_PER_USER:
        raise InviteQuotaReached(open=held, limit=settings.INVITES_PER_USER)
