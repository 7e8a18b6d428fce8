"""What can go wrong when an event stream is opened."""

from __future__ import annotations

from http import HTTPStatus

from core.errors import DomainError


class BadResumePoint(DomainError):
    """`Last-Event-ID` or `after` is not a number that a stream handed out."""

    code = "bad_resume_point"
    title = "The stream cannot resume there: the id is not one of an event."


class TooManyStreams(DomainError):
    """The account holds as many open streams as one may."""

    code = "too_many_streams"
    status = HTTPStatus.TOO_MANY_REQUESTS
    title = "Too many event streams are open for this account."
    retryable = True
