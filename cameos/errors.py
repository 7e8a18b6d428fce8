"""What can go wrong with a likeness and its terms."""

from __future__ import annotations

from http import HTTPStatus

from core.errors import DomainError, Forbidden, InvalidField, NotFound


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


class EnrolmentNotFound(NotFound):
    """No enrolment of who asks has this id."""

    code = "enrolment_not_found"
    title = "There is no such enrolment of yours."


class EnrolmentNotPossible(DomainError):
    """The enrolment is not, or no longer, in a state in which this can be done."""

    code = "enrolment_not_possible"
    status = HTTPStatus.CONFLICT
    title = "This enrolment is past that."


class EnrolmentOpen(DomainError):
    """One enrolment at a time: `enrolment` is the one that is still open."""

    code = "enrolment_open"
    status = HTTPStatus.CONFLICT
    title = "You have begun an enrolment already: finish or cancel it first."


class AlreadyEnrolled(DomainError):
    """The account has a cameo of its face and registers it as protected, or the other way round.

    Enrolling the same kind again is fine: it takes the place of what is kept.
    """

    code = "already_enrolled"
    status = HTTPStatus.CONFLICT
    title = "Your face is enrolled here already."


class TooManyEnrolments(DomainError):
    """As many enrolments as one may begin in a day or a week; Retry-After says when to go on."""

    code = "too_many_enrolments"
    status = HTTPStatus.TOO_MANY_REQUESTS
    title = "You have begun many enrolments: try again later."
    retryable = True

    def __init__(self, *, wait: float, limit: int, days: int) -> None:
        """Keep how many seconds to wait, and the limit that was reached."""
        super().__init__(limit=limit, days=days)
        self.wait = wait  # seconds, told as Retry-After


class ConsentOutdated(DomainError):
    """The text that was agreed to is not the current one, whose `version` is told."""

    code = "consent_outdated"
    status = HTTPStatus.CONFLICT
    title = "The consent text has changed: please read it and agree again."


class ConsentMissing(DomainError):
    """A purpose without which there is no enrolment was not agreed to; `purposes` names it."""

    code = "consent_missing"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    title = "Nothing is captured without your consent."


class UnderAge(Forbidden):
    """The account's date of birth says that its owner may not enrol, whoever allows it."""

    code = "under_age"
    title = "You are not old enough to enrol your face."


class GuardianNeeded(Forbidden):
    """A teen whose guardian has not allowed it; the guardian can, in their own settings."""

    code = "guardian_needed"
    title = "You are under 18: a parent or guardian must allow it first."


class AgeUnknown(Forbidden):
    """The account has no date of birth, as those that operators make."""

    code = "age_unknown"
    title = "Your account has no date of birth, so your face cannot be enrolled."


class CameosStopped(DomainError):
    """An operator stopped enrolments and new uses of cameos for now."""

    code = "cameos_stopped"
    status = HTTPStatus.SERVICE_UNAVAILABLE
    title = "Cameos are stopped at the moment."
    retryable = True
    wait = 300  # seconds, told as Retry-After


class ChallengeExpired(DomainError):
    """The upload did not begin while the challenge was good; begin another enrolment."""

    code = "challenge_expired"
    status = HTTPStatus.CONFLICT
    title = "The time for this challenge is over."


class CaptureIncomplete(DomainError):
    """Not all bytes are here: `received_bytes` of `upload_bytes`."""

    code = "capture_incomplete"
    status = HTTPStatus.CONFLICT
    title = "The video is not here yet."


class OffsetMismatch(DomainError):
    """The bytes do not go on where the server is, which is at `received_bytes`."""

    code = "offset_mismatch"
    status = HTTPStatus.CONFLICT
    title = "The upload is at another byte: go on from there."


class CaptureTooLarge(DomainError):
    """More bytes than a capture may have (`limit_bytes`), or than were declared."""

    code = "capture_too_large"
    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    title = "The video is too large."


class CaptureTypeRefused(DomainError):
    """The Content-Type is none of those that are taken, or the bytes are something else."""

    code = "capture_type_refused"
    status = HTTPStatus.UNSUPPORTED_MEDIA_TYPE
    title = "This is not a video of a type that is taken."


class LengthRequired(DomainError):
    """The request does not say how long its body, or the whole upload, is."""

    code = "length_required"
    status = HTTPStatus.LENGTH_REQUIRED
    title = "Say how many bytes come: Content-Length, and Upload-Length with the first part."


class UnknownTusVersion(DomainError):
    """Tus-Resumable names a version of tus that is not spoken here: 1.0.0 is."""

    code = "unknown_tus_version"
    status = HTTPStatus.PRECONDITION_FAILED
    title = "This version of tus is not spoken here."


class ReviewNotYours(Forbidden):
    """Reviews of likenesses are for moderators, and none decides on their own face."""

    code = "review_not_yours"
    title = "You may not decide on this enrolment."


class ReviewNotFound(NotFound):
    """There is no such review."""

    code = "review_not_found"
    title = "There is no such review."


class ReviewDecided(DomainError):
    """A colleague decided, or the enrolment ended, before."""

    code = "review_decided"
    status = HTTPStatus.CONFLICT
    title = "This review is decided already."


class ReviewReasonRequired(InvalidField):
    """A decision has a reason of 1 to 500 characters, which the person reads."""

    code = "reason_required"
    title = "Say why, in at most 500 characters."
