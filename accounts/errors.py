"""What can go wrong with accounts, invites, guardians and the social graph."""

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
    title = "You cannot follow, block or mute yourself, nor be your own guardian."


class AccountSuspended(Forbidden):
    """A suspended account reads but does not write; `until` says when that ends."""

    code = "account_suspended"
    title = "Your account is suspended: you can read, but not write."


class NotAWard(Forbidden):
    """Who asks for a guardian is 18, or has no date of birth."""

    code = "not_a_ward"
    title = "Only people under 18 have guardians."


class GuardianNotPossible(Forbidden):
    """Not an adult in good standing, or it looks like the ward's own account: not told which."""

    code = "guardian_not_possible"
    title = (
        "This person cannot be the guardian. A guardian is an adult in good standing with a mailbox"
        " of their own, who did not come in by the young person's invite."
    )


class TooManyGuardians(Forbidden):
    """Two links of the ward are open, asked ones included."""

    code = "too_many_guardians"
    title = "You have two guardians, or have asked two: end one of these first."


class TooManyGuardianAsks(DomainError):
    """The ward asked as often within a day as one may."""

    code = "too_many_guardian_asks"
    status = HTTPStatus.TOO_MANY_REQUESTS
    title = "You have asked often today: ask again tomorrow."
    retryable = True


class GuardianshipNotFound(NotFound):
    """The other person is no guardian or ward of who asks, or is no longer."""

    title = "There is no such link between you."


class GuardianshipAnswered(DomainError):
    """Declined what was accepted already."""

    code = "guardianship_answered"
    status = HTTPStatus.CONFLICT
    title = "You are this person's guardian already: end it instead."


class GuardianshipNotAnswered(DomainError):
    """A grant before the guardian said yes."""

    code = "guardianship_not_answered"
    status = HTTPStatus.CONFLICT
    title = "Accept to be this person's guardian first."
