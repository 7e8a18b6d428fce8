"""What can go wrong with reports, decisions and verification."""

from __future__ import annotations

from http import HTTPStatus

from core.errors import DomainError, Forbidden, InvalidField, NotFound


class CaptionRefused(DomainError):
    """Policy refuses a clip's new caption; `reasons` say which rule, where, and what would do."""

    code = "caption_refused"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    title = "The caption goes against this instance's rules; the old one stays."


class OwnClip(Forbidden):
    """Nobody reports or decides on their own clip."""

    code = "own_clip"
    title = "This is your own clip; you can delete it instead."


class NotAModerator(Forbidden):
    """Deciding cases is for moderators."""

    code = "not_a_moderator"
    title = "Only a moderator may decide a case."


class CaseNotFound(NotFound):
    """There is no such case."""

    code = "case_not_found"
    title = "There is no such case."


class DecisionNotPossible(DomainError):
    """The case is not in a state from which this action leads anywhere."""

    code = "decision_not_possible"
    status = HTTPStatus.CONFLICT
    title = "The case was decided meanwhile; this action does not fit it any more."


class ReasonRequired(InvalidField):
    """A decision without words is no decision."""

    code = "reason_required"
    title = "Say why, in words that the author can read."


class UnreadableMedia(DomainError):
    """The upload is no picture or video that can be checked."""

    code = "unreadable_media"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    title = "The file is no MP4, JPEG or PNG that can be read."


class UploadTooLarge(DomainError):
    """The upload is over the limit."""

    code = "body_too_large"
    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    title = "The file is too large to be checked here."


class NotOurUrl(InvalidField):
    """Only this instance's own media is checked by address; nothing is fetched."""

    code = "not_our_url"
    title = "This is not an address of a clip of this instance."


class VerifierBusy(DomainError):
    """As many files are being checked as the machine can bear."""

    code = "verifier_busy"
    status = HTTPStatus.SERVICE_UNAVAILABLE
    title = "Too many files are being checked at the moment; try again shortly."
    retryable = True
