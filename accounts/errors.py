"""What can go wrong with accounts, invites and the social graph."""

from __future__ import annotations

from http import HTTPStatus

from core.errors import DomainError, Forbidden, NotFound


class InviteInvalid(Forbidden):
    """Unknown, expired, used up or revoked: who asks cannot tell which."""

    code = "invite_invalid"
    title = "This invite code is not valid."


class SignUpStopped(DomainError):
    """An operator lets nobody sign up for now; the invite is not used up, the waitlist is open."""

    code = "sign_up_stopped"
    status = HTTPStatus.SERVICE_UNAVAILABLE
    title = "Nobody can sign up at the moment."
    retryable = True


class UsernameTaken(DomainError):
    code = "username_taken"
    status = HTTPStatus.CONFLICT
    title = "This username is taken."


class EmailTaken(DomainError):
    code = "email_taken"
    status = HTTPStatus.CONFLICT
    title = "An account with this e-mail address exists."


class InviteQuotaReached(Forbidden):
    """The open invites of a user already hold as many places as they may give away."""

    code = "invite_quota_reached"
    title = "You have no more invites to give away for now."


class UserNotFound(NotFound):
    """No such user, or one of the two blocks the other."""

    title = "There is no such user."


class NotToYourself(DomainError):
    code = "not_to_yourself"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    title = "You cannot follow, block or mute yourself."


class AccountSuspended(Forbidden):
    """A suspended account reads but does not write; `until` says when that ends."""

    code = "account_suspended"
    title = "Your account is suspended: you can read, but not write."
