"""Our own service (`engine.server`): the whole dialect, with everything that it adds."""

from engine.contracts import VideoRequest
from engine.dialects.dialect import Call
from engine.wire import request_fields


class Vignette:
    """Says what it can do by itself, remembers idempotency keys, stops what is deleted."""

    name = "vignette"
    health_path = "/health"
    is_idempotent = True
    can_cancel = True

    def create(self, request: VideoRequest, *, idempotency_key: str) -> Call:
        """A JSON object of every field that is set."""
        headers = {"Idempotency-Key": idempotency_key}
        return Call("/v1/videos", {"json": request_fields(request), "headers": headers})
