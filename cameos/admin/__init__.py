"""Likenesses in the moderators' desk, a module for each topic."""

from cameos.admin import cameos, doubts, reviews

__all__ = ["cameos", "doubts", "reviews"]
