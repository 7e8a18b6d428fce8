"""Locks for what has no row of its own."""

from __future__ import annotations

from uuid import UUID

from django.db import connection


def hold_pair(one: UUID, other: UUID) -> None:
    """Make two writes about the same two people wait for each other's transaction."""
    number = (one.int ^ other.int) & (2**63 - 1)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [number])
