"""What can go wrong with clips and the feed."""

from __future__ import annotations

from http import HTTPStatus

from core.errors import DomainError, Forbidden, NotFound


class ClipNotFound(NotFound):
    """There is no such clip for who asks."""

    code = "clip_not_found"
    title = "There is no such clip."


class NotYourClip(Forbidden):
    """The clip is visible, and its author alone may do this."""

    code = "not_your_clip"
    title = "Only the author of a clip may do this."


class ClipHidden(Forbidden):
    """A moderator hid the clip; the author finds the reason under /me/moderation."""

    code = "clip_hidden"
    title = "A moderator has hidden this clip."


class ClipEnded(DomainError):
    """A likeness in the clip may not be shown any more; nothing brings the clip back."""

    code = "clip_ended"
    status = HTTPStatus.CONFLICT
    title = "The owner of a likeness in this clip has ended its use; it stays hidden."


class CosignAwaited(DomainError):
    """The owner of a likeness in the clip wants to be asked first; now they are."""

    code = "cosign_awaited"
    status = HTTPStatus.CONFLICT
    title = "The owner of a likeness in this clip is asked; publish it once they have agreed."
    retryable = True


class UnknownFeedMode(DomainError):
    """The feed has no such mode."""

    code = "unknown_feed_mode"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    title = "The feed has no such mode."
