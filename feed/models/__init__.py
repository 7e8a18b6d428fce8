from feed.models.cast import ClipCast
from feed.models.clip import CAPTION_CHARACTERS_MAX, Clip, ClipEnd, ClipState, RemixAllowed
from feed.models.viewing import HiddenClip, HiddenReason, Like

__all__ = [
    "CAPTION_CHARACTERS_MAX",
    "Clip",
    "ClipCast",
    "ClipEnd",
    "ClipState",
    "HiddenClip",
    "HiddenReason",
    "Like",
    "RemixAllowed",
]
