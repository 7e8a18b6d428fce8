"""The moderators' desk of likenesses."""

from cameos.admin import reviews

__all__ = ["reviews"]
