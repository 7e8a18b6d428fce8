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
