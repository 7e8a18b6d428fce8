"""Locks for what has no row of its own."""

from __future__ import annotations

from uuid import UUID

from core.locks import hold


def hold_pair(one: UUID, other: UUID) -> None:
    """Make two writes about the same two people wait for each other's transaction."""
    first, second = sorted((str(one), str(other)))
    hold(f"accounts.pair:{first}:{second}")
