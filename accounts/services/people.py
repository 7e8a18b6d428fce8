"""Accounts: coming in, the profile, sessions, and who is staff."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from allauth.usersessions.models import UserSession
from django.contrib.auth.models import Group
from django.contrib.sessions.models import Session
from django.db import IntegrityError, transaction
from psycopg.errors import UniqueViolation

from accounts.errors import EmailTaken, SignUpStopped, UsernameTaken, UserNotFound
from accounts.models import User
from accounts.policy import ROLES
from accounts.services.invites import redeem_invite
from core.switches import SIGN_UP, is_thrown


def sign_up(
    *, username: str, email: str, password: str | None, invite_code: str, birth_date: date
) -> User:
    """Make an account and redeem its invite in one transaction: both happen, or neither.

    Shape and age are checked by the caller. Calling twice makes no second account.

    Raises:
        SignUpStopped: an operator lets nobody in for now.
        InviteInvalid: the code lets nobody in (any more).
        UsernameTaken: another account has the name, in whatever letter case.
        EmailTaken: another account has the address.
    """
    if is_thrown(SIGN_UP):
        raise SignUpStopped
    user = User(username=username.lower(), email=email.lower(), birth_date=birth_date)
    user.set_password(password)  # slow by design, so before the transaction takes any lock
    try:
        with transaction.atomic():
            user.save(force_insert=True)
            redeem_invite(code=invite_code, user_id=user.pk)
    except IntegrityError as error:
        if isinstance(error.__cause__, UniqueViolation) and "username" in str(
            error.__cause__.diag.constraint_name
        ):
            raise UsernameTaken(field="username") from error
        raise EmailTaken(field="email") from error
    return user


def update_profile(
    *, user_id: UUID, display_name: str | None = None, bio: str | None = None
) -> None:
    """Set what is given of the user's profile; None leaves it as it is."""
    given = {"display_name": display_name, "bio": bio}
    changes = {name: value for name, value in given.items() if value is not None}
    if changes:
        User.objects.filter(pk=user_id).update(**changes)


def end_sessions(*, user_id: UUID) -> None:
    """Log the user out everywhere: the tokens of every device stop working at once."""
    with transaction.atomic():
        mine = UserSession.objects.filter(user_id=user_id)
        Session.objects.filter(session_key__in=mine.values("session_key")).delete()
        mine.delete()


def grant_role(*, username: str, role: str) -> User:
    """Make the user staff in one of `ROLES`; `admin` has every permission. Twice is harmless.

    Raises:
        UserNotFound: nobody has that name.
        ValueError: there is no such role.
    """
    if role not in ROLES:
        raise ValueError(f"There is no role {role!r}.")
    with transaction.atomic():
        user = User.objects.select_for_update().filter(username=username.lower()).first()
        if user is None:
            raise UserNotFound
        user.is_staff = True
        user.is_superuser = user.is_superuser or role == "admin"
        user.save(update_fields=["is_staff", "is_superuser"])
        user.groups.add(Group.objects.get_or_create(name=role)[0])
    return user
