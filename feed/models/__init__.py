from feed.models.clip import CAPTION_CHARACTERS_MAX, Clip, ClipState, RemixAllowed
from feed.models.viewing import HiddenClip, HiddenReason, Like

__all__ = [
    "CAPTION_CHARACTERS_MAX",
    "Clip",
    "ClipState",
    "HiddenClip",
    "HiddenReason",
    "Like",
    "RemixAllowed",
]
