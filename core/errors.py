"""The base of every failure that a user or another system can cause; knows no framework.

An app's `errors.py` declares one class per fact (`InviteUsedUp`, `PromptRefused`) with a stable
code and a sentence; `core.problems` turns them into RFC 9457 answers.
"""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any, ClassVar


class DomainError(Exception):
    """A failure with a stable code, a sentence for people, and where it applies the field at fault.

    Attributes:
        code: stable snake_case name of the fact; part of the client contract.
        status: HTTP status the API answers with.
        title: short sentence that is the same for every occurrence.
        retryable: whether the same request may succeed later unchanged.
        after_rollback: what must be kept of the failed attempt, such as that it was made; called
            once the request's transactions are undone. It may find its work done already.
    """

    code: ClassVar[str] = "error"
    status: ClassVar[HTTPStatus] = HTTPStatus.BAD_REQUEST
    title: ClassVar[str] = "The request cannot be carried out."
    retryable: ClassVar[bool] = False

    def __init__(self, detail: str = "", *, field: str | None = None, **extra: Any) -> None:
        """Keep the occurrence's sentence, its field and further members of the problem document."""
        super().__init__(detail or self.title)
        self.detail = detail or self.title
        self.field = field
        self.extra = extra
        self.after_rollback: Callable[[], object] | None = None


class NotFound(DomainError):
    """What is asked for is not there, or not visible to who asks: the two look the same."""

    code = "not_found"
    status = HTTPStatus.NOT_FOUND
    title = "Not found."


class Forbidden(DomainError):
    """Visible, but not to be done by who asks; subclasses say why."""

    code = "forbidden"
    status = HTTPStatus.FORBIDDEN
    title = "You may not do this."


class InvalidField(DomainError):
    """One field's value cannot be accepted."""

    code = "invalid"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    title = "A field is not valid."


class BadCursor(DomainError):
    """A list cursor that this server did not make, or made for another list."""

    code = "bad_cursor"
    title = "The cursor is not one of this list's."


class IdempotencyMismatch(DomainError):
    """The key was used before with another body."""

    code = "idempotency_mismatch"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    title = "This Idempotency-Key was used with a different request."


class IdempotencyInFlight(DomainError):
    """The first request with this key is still being carried out."""

    code = "idempotency_in_flight"
    status = HTTPStatus.CONFLICT
    title = "The first request with this Idempotency-Key has not finished yet."
    retryable = True


class UnknownSwitch(NotFound):
    """No crisis switch has this name; the sentence lists those that exist."""

    code = "unknown_switch"
    title = "There is no such switch."


class ReadOnly(DomainError):
    """An operator keeps the API from changing anything for now: reading and signing in work."""

    code = "read_only"
    status = HTTPStatus.SERVICE_UNAVAILABLE
    title = "Nothing can be changed at the moment: the service is read-only."
    retryable = True
    wait: ClassVar[int] = 30  # seconds, told as Retry-After


class GenerationStopped(DomainError):
    """An operator stopped the making of clips for now; nothing was spent."""

    code = "generation_stopped"
    status = HTTPStatus.SERVICE_UNAVAILABLE
    title = "No clips are made at the moment."
    retryable = True
    wait: ClassVar[int] = 60  # seconds, told as Retry-After
