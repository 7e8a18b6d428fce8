"""What can go wrong on the way from a prompt to a clip."""

from __future__ import annotations

from http import HTTPStatus
from uuid import UUID

from core.errors import DomainError, Forbidden, InvalidField, NotFound


class UnknownEngine(InvalidField):
    """No engine of that name is configured."""

    code = "unknown_engine"
    title = "There is no engine of that name; GET /engines lists them."


class SizeNotOffered(InvalidField):
    """The engine does not draw that size."""

    code = "size_not_offered"
    title = "The engine does not offer this size."


class SecondsOutOfRange(InvalidField):
    """The length is outside of what the engine and the instance allow."""

    code = "seconds_out_of_range"
    title = "The clip would be too short or too long."


class TooManyShots(InvalidField):
    """More camera takes than the engine can join."""

    code = "too_many_shots"
    title = "The engine takes fewer shots."


class CameosNotOffered(InvalidField):
    """The request names a likeness, and the engine draws nobody's."""

    code = "cameos_not_offered"
    title = "This engine draws no cameos."


class TooManyCameos(InvalidField):
    """More likenesses than an engine takes, listed and mentioned together."""

    code = "too_many_cameos"
    title = "The request names too many cameos."


class PromptRefused(DomainError):
    """Policy refuses the text; `reasons` say which rule, where, and what would be allowed."""

    code = "prompt_refused"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    title = "The prompt goes against this instance's rules; nothing was charged."


class TooManyGenerations(DomainError):
    """The account has as many unfinished jobs as it may."""

    code = "too_many_generations"
    status = HTTPStatus.TOO_MANY_REQUESTS
    title = "Wait until one of your generations is done."
    retryable = True


class EngineNotReady(DomainError):
    """The engine has not answered since this process started, so its limits are not known."""

    code = "engine_unavailable"
    status = HTTPStatus.SERVICE_UNAVAILABLE
    title = "The engine does not answer yet; try again shortly."
    retryable = True


class QueueFull(DomainError):
    """The clip would wait for longer than any clip may."""

    code = "queue_full"
    status = HTTPStatus.SERVICE_UNAVAILABLE
    title = "Too many clips are waiting; try again later."
    retryable = True


class AppealNotNeeded(DomainError):
    """Policy allows the request, or never looked at it: there is nothing to appeal."""

    code = "appeal_not_needed"
    status = HTTPStatus.CONFLICT
    title = "This request is not refused by policy; make the clip."


class AppealExists(DomainError):
    """The same refusal was appealed before, and each can be appealed once."""

    code = "appeal_exists"
    status = HTTPStatus.CONFLICT
    title = "This refusal has been appealed already."


class TooManyAppeals(DomainError):
    """The account has as many open appeals as it may."""

    code = "too_many_appeals"
    status = HTTPStatus.TOO_MANY_REQUESTS
    title = "Wait until one of your appeals is decided."
    retryable = True


class AppealNotFound(NotFound):
    """No such appeal, or not theirs."""

    code = "appeal_not_found"
    title = "There is no such appeal."


class AppealDecided(DomainError):
    """Another moderator was first."""

    code = "appeal_decided"
    status = HTTPStatus.CONFLICT
    title = "The appeal is decided already."


class OwnAppeal(Forbidden):
    """Moderators do not decide on their own."""

    code = "own_appeal"
    title = "A colleague has to decide on your own appeal."


class NoDeadLetter(NotFound):
    """No such job, or it did not fail by a fault of ours, or somebody saw to it."""

    code = "no_dead_letter"
    title = "There is no such failed job that waits for an operator."


class ClipRefused(DomainError):
    """The frames that were drawn may not be shown."""

    code = "clip_refused"
    title = "What was drawn goes against this instance's rules."


class AuthorInactive(DomainError):
    """The account was closed or suspended while the clip was made."""

    code = "account_inactive"
    title = "The account may not make clips at this time."


class JobFailed(Exception):
    """The job cannot become a clip, by the engine's fault or ours."""

    def __init__(self, code: str, message: str, *, retryable: bool) -> None:
        """Keep what the author is told; `retryable`: a new request may succeed unchanged."""
        super().__init__(message)
        self.code = code
        self.message = message
        self.retryable = retryable


class ConsentNeeded(Exception):
    """Owners of likenesses in the clip want to be asked before it is drawn."""

    def __init__(self, cameo_ids: list[UUID]) -> None:
        """Keep which cameos are theirs."""
        super().__init__(f"{len(cameo_ids)} to be asked")
        self.cameo_ids = cameo_ids


class IllegalMove(Exception):
    """A bug: `generation.states.MOVES` has no such move."""


class LeaseLost(Exception):
    """The job is no longer this worker's: cancelled, expired, or claimed by another."""


class WorkerStopping(Exception):
    """The process was asked to stop; its jobs go back to the queue."""


class GenerationHalted(Exception):
    """A switch stops generation, or this engine: held jobs go back to the queue."""


class InputReferenceNotOffered(InvalidField):
    """The request begins from a picture, and the engine takes none."""

    code = "input_reference_not_offered"
    title = "This engine begins from no picture."


class UploadNotFound(NotFound):
    """No such upload, or not theirs, or it was deleted."""

    code = "upload_not_found"
    title = "You have no such upload."


class UploadNotReady(DomainError):
    """No worker has looked at the picture yet."""

    code = "upload_not_ready"
    status = HTTPStatus.CONFLICT
    title = "The picture is still being looked at; try again in a moment."
    retryable = True


class UploadRefused(DomainError):
    """The picture was refused when it was looked at."""

    code = "upload_refused"
    status = HTTPStatus.CONFLICT
    title = "The picture was refused."


class FaceInUpload(Forbidden):
    """The picture shows somebody whose cameo its uploader may not use, or no longer."""

    code = "real_face"
    title = "The picture shows a real person's face that is no cameo you may use now."


class TooManyUploads(DomainError):
    """As many pictures are kept for the account as may be."""

    code = "too_many_uploads"
    status = HTTPStatus.CONFLICT
    title = "You have as many uploads as are kept; delete one first."
