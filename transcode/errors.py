"""What can go wrong with media. Operator faults and user faults are different classes."""


class TranscodeError(Exception):
    """ffmpeg failed, ran out of time, or was cancelled; the message ends with its last words."""


class TranscodeTimeout(TranscodeError):
    """ffmpeg ran past its deadline and was killed."""


class TranscodeCancelled(TranscodeError):
    """The caller asked for the run to stop, and it did."""


class NotAVideo(Exception):
    """The file is no video we read: not media, without pictures, damaged, or over a limit."""


class NotAPicture(Exception):
    """The file is no picture that we take; `fault` says which way, in one of four words."""

    def __init__(self, fault: str, message: str) -> None:
        """Keep `fault`: unreadable, too_large, too_small or more_than_a_picture."""
        super().__init__(message)
        self.fault = fault


class NoPictures(NotAVideo):
    """The file is media, but nothing in it can be seen: sound alone, for example."""


class OverLimit(NotAVideo):
    """The file, or what its header declares, is larger than may be opened.

    `limit` names what: "bytes", "streams", "pixels", "seconds" or "frames".
    """

    def __init__(self, message: str, *, limit: str) -> None:
        super().__init__(message)
        self.limit = limit
