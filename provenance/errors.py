"""Why a file could not be marked, or not be read."""


class MarkingFailed(Exception):
    """Something between the engine's clip and its marked files failed; nothing was delivered."""


class ParentNotTrusted(MarkingFailed):
    """A parent's own manifest is missing, damaged or not ours: no claim may be built on it."""


class KeysUnusable(Exception):
    """A keys folder or PEM text does not hold what signing needs."""


class UnreadableMedia(Exception):
    """The bytes are no video or picture that can be checked, or they are over a limit."""
