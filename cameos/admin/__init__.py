"""Likenesses in the moderators' desk, a module for each topic."""

from cameos.admin import cameos

__all__ = ["cameos"]
