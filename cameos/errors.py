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


class LikenessWithoutConsent(Forbidden):
    """A face is shown whose owner has not agreed to it; whose, the author is not told."""

    code = "likeness_without_consent"
    title = "It shows the face of somebody who has not agreed to it."


class LikenessInDoubt(DomainError):
    """A moderator has not looked yet at a face of the clip, or has found whose it is."""

    code = "likeness_in_doubt"
    status = HTTPStatus.CONFLICT
    title = "A moderator looks at the faces of this clip before others can see it."


class DoubtNotFound(NotFound):
    """There is no such doubt."""

    code = "doubt_not_found"
    title = "There is no such doubt."


class DoubtSettled(DomainError):
    """Another moderator was first."""

    code = "doubt_settled"
    status = HTTPStatus.CONFLICT
    title = "A colleague has decided on this already."


class ProtectedFaceNotFound(NotFound):
    """No such protected face, or not theirs."""

    code = "protected_face_not_found"
    title = "You have no such protected face."


class ListedFaceNotFound(NotFound):
    """The operator has no such entry, or ended it."""

    code = "listed_face_not_found"
    title = "There is no such entry."


class PictureWithoutFace(InvalidField):
    """A picture shows no face that can be recognised, or several."""

    code = "picture_without_face"
    title = "The picture must show one face, large enough to be recognised."


class TooManyCharacters(DomainError):
    """The account has as many characters as it may."""

    code = "too_many_characters"
    status = HTTPStatus.CONFLICT
    title = "You have as many characters as an account may have; end one first."


class CharacterNameTaken(InvalidField):
    """The owner has a character of that name already."""

    code = "character_name_taken"
    title = "You have a character of this name already."


class CharacterNameTooLong(InvalidField):
    """With its owner's username the name is too long for a handle."""

    code = "character_name_too_long"
    title = "This name is too long together with your username."


class UseNotFound(NotFound):
    """No gate was ever asked about this cameo for this clip."""

    code = "use_not_found"
    title = "There is no such use of your cameo."


class RestrictionUnknown(InvalidField):
    """A tag that this server does not know, or a clause of one's own that forbids nothing."""

    code = "restriction_unknown"
    title = "This restriction cannot be checked."


class VoiceNotConsented(Forbidden):
    """The consent of the enrolment was to the face alone; enrol again to give the voice too."""

    code = "voice_not_consented"
    title = "You have not agreed to the use of your voice."


class LikenessNotGranted(Forbidden):
    """The account is a minor's, and no guardian allows its likeness now; `standing` says it."""

    code = "likeness_not_granted"
    title = "A parent or guardian must allow your cameo before it can be used again."


class AccessListFull(Forbidden):
    """The lists of one cameo hold as many people as they may."""

    code = "access_list_full"
    title = "The lists of this cameo are full."


class CosignNotFound(NotFound):
    """Nobody asked who asks such a question."""

    code = "cosign_not_found"
    title = "There is no such question to you."


class CosignClosed(DomainError):
    """The question was answered otherwise, its time is over, or the clip is given up."""

    code = "cosign_closed"
    status = HTTPStatus.CONFLICT
    title = "This question is closed."


class UseNotRecorded(DomainError):
    """A receipt was asked for a use that no gate has allowed."""

    code = "use_not_recorded"
    status = HTTPStatus.CONFLICT
    title = "No gate has allowed this use."


class ReceiptNotFound(NotFound):
    """This server never signed such a receipt."""

    code = "receipt_not_found"
    title = "There is no such receipt."


class FreezeNotYours(Forbidden):
    """Freezing is for moderators, and none freezes or unfreezes their own cameo."""

    code = "freeze_not_yours"
    title = "You may not decide on this cameo."


class FreezeNotPossible(DomainError):
    """The cameo is not in a state that leads there."""

    code = "freeze_not_possible"
    status = HTTPStatus.CONFLICT
    title = "The cameo is not in a state for this."


class FreezeReasonRequired(InvalidField):
    """The owner reads why, in 1 to 500 characters."""

    code = "freeze_reason_required"
    title = "Say why, in at most 500 characters."


class ReceiptKeysUnusable(DomainError):
    """RECEIPT_KEY is no Ed25519 private key in PEM."""

    code = "receipt_keys_unusable"
    status = HTTPStatus.INTERNAL_SERVER_ERROR
    title = "The keys that sign receipts are not set up."


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
