"""What can go wrong with event streams and webhooks."""

from __future__ import annotations

from http import HTTPStatus

from core.errors import DomainError, Forbidden


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


class TooManyWebhooks(Forbidden):
    """The account has as many webhooks as one may; delete one first."""

    code = "too_many_webhooks"
    title = "You have as many webhooks as an account may have."


class WebhookDisabled(DomainError):
    """Nothing is sent to a webhook that is disabled, tests included."""

    code = "webhook_disabled"
    status = HTTPStatus.CONFLICT
    title = "This webhook is disabled: enable it first."
