"""Our own service (`engine.server`): the whole dialect, with everything that it adds."""

from engine.contracts import Change, VideoRequest
from engine.dialects.dialect import Call
from engine.wire import change_body, request_fields


class Vignette:
    """Says what it can do by itself, remembers idempotency keys, stops what is deleted."""

    name = "vignette"
    health_path = "/health"
    is_idempotent = True
    can_cancel = True

    def create(self, request: VideoRequest, *, idempotency_key: str) -> Call:
        """A JSON object of every field that is set; around a film, a form."""
        headers = {"Idempotency-Key": idempotency_key}
        source = request.source
        if source is None:
            return Call("/v1/videos", {"json": request_fields(request), "headers": headers})
        change = Change(
            prompt=request.prompt,
            seed=request.seed,
            style=request.style,
            negative_prompt=request.negative_prompt,
            cast=request.cast,
        )
        is_extension = source.operation == "extend"
        seconds = {"seconds": str(request.seconds)} if is_extension else {}
        body = change_body(source.film or source.world, change, seconds)
        path = "/v1/videos/extensions" if is_extension else "/v1/videos/edits"
        return Call(path, {**body, "headers": headers})
