"""What every dialect of `/v1/videos` answers to; the client knows servers by this alone."""

from dataclasses import dataclass, field
from typing import Any, Protocol

from engine.contracts import VideoRequest


@dataclass(frozen=True, slots=True)
class Call:
    """A POST; `options` are those of `httpx.Client.request`."""

    path: str
    options: dict[str, Any] = field(default_factory=dict)


class Dialect(Protocol):
    """How one kind of server is spoken to; one file."""

    @property
    def name(self) -> str:
        """What configuration calls it."""

    @property
    def health_path(self) -> str:
        """A GET that costs nothing and succeeds while the server would render."""

    @property
    def is_idempotent(self) -> bool:
        """Whether asking twice with the same key renders once."""

    @property
    def can_cancel(self) -> bool:
        """Whether a video can be deleted."""

    def create(self, request: VideoRequest, *, idempotency_key: str) -> Call:
        """What asks for a video.

        Raises:
            RequestRejected: the server has no way to be asked for this.
        """
