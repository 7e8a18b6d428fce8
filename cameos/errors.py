"""What can go wrong with a likeness and its terms."""

from __future__ import annotations

from http import HTTPStatus

from core.errors import DomainError, Forbidden, NotFound


class CameoNotFound(NotFound):
    """No cameo has this handle, or none that who asks may see."""

    code = "cameo_not_found"
    title = "There is no such cameo."


class CameoNotPermitted(Forbidden):
    """The terms of a cameo do not permit this use.

    `cameo` is its handle, `reason` a code of `cameos.policy.permission` (`unknown` also for cameos
    that are not visible), `rule` the restriction that was violated.
    """

    code = "cameo_not_permitted"
    title = "The cameo's owner does not permit this use."


class KeyShredded(DomainError):
    """The data key of a cameo or an enrolment was destroyed, and what it sealed is noise."""

    code = "likeness_gone"
    status = HTTPStatus.GONE
    title = "This likeness is no longer kept."


class SealBroken(DomainError):
    """Sealed bytes are not what was sealed: altered, cut off, or of something else."""

    code = "likeness_unreadable"
    status = HTTPStatus.INTERNAL_SERVER_ERROR
    title = "What is kept of this likeness is damaged."


class KekMissing(DomainError):
    """A data key is wrapped under a key-encryption key that this process was not given."""

    code = "likeness_locked"
    status = HTTPStatus.SERVICE_UNAVAILABLE
    title = "What is kept of this likeness cannot be opened at the moment."
    retryable = True


class KeksUnusable(DomainError):
    """LIKENESS_KEKS is not what it should be: `id:base64`, of 32 bytes each, the newest first."""

    code = "likeness_keys_unusable"
    status = HTTPStatus.INTERNAL_SERVER_ERROR
    title = "The keys of likenesses are not set up."
