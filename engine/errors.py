"""What can go wrong at the engine boundary; every failure has a code."""


class EngineError(Exception):
    """Base of all engine failures; `is_retryable` says whether asking again may help."""

    code = "engine_error"
    is_retryable = False

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        if code is not None:
            self.code = code


class EngineUnavailable(EngineError):
    """The engine cannot be reached, is still warming up, or answered with a server error."""

    code = "engine_unavailable"
    is_retryable = True

    def __init__(self, message: str, *, may_have_arrived: bool = True) -> None:
        super().__init__(message)
        self.may_have_arrived = may_have_arrived  # False: what was asked was certainly not begun


class AnswerUnusable(EngineUnavailable):
    """The engine answered, with something that no engine answers."""

    code = "engine_answer_unusable"


class EngineBusy(EngineUnavailable):
    """The engine's queue is full; `retry_after_seconds` is its own estimate."""

    code = "queue_full"

    def __init__(self, message: str, *, retry_after_seconds: int) -> None:
        super().__init__(message, may_have_arrived=False)
        self.retry_after_seconds = retry_after_seconds


class RequestRejected(EngineError):
    """The request itself is wrong; `param` names the field."""

    code = "invalid_value"

    def __init__(self, message: str, *, param: str | None, code: str | None = None) -> None:
        super().__init__(message, code=code)
        self.param = param


class EngineDenied(EngineError):
    """The bearer key is missing or wrong."""

    code = "invalid_api_key"


class VideoNotFound(EngineError):
    """The engine does not know this id: never made, expired, cancelled, or the engine restarted."""

    code = "video_not_found"


class CharacterNotFound(EngineError):
    """The engine does not know this character: never made, removed, expired, or it restarted."""

    code = "character_not_found"


class ContentNotFound(EngineError):
    """The video is finished and has no such content: nobody speaks in it, or it has no world."""

    code = "content_not_found"


class PreviewTooSlow(EngineError):
    """The contact sheet was not drawn in time."""

    code = "preview_timeout"
    is_retryable = True


class VideoNotReady(EngineError):
    """The content was asked for before the video is completed."""

    code = "video_not_ready"
    is_retryable = True


class RenderCancelled(EngineError):
    """The caller no longer wants the clip."""

    code = "cancelled"


class WebhookMisconfigured(EngineError):
    """The operator's URL or secret of webhooks is wrong or missing."""

    code = "webhook_misconfigured"
