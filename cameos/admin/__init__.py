"""Likenesses in the moderators' desk, a module for each topic."""

from cameos.admin import doubts, reviews

__all__ = ["doubts", "reviews"]
