"""Advisory locks of PostgreSQL, by name: for what has no row that could be locked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection


def hold(name: str) -> None:
    """Let one transaction at a time go on from here, until it ends.

    Args:
        name: of what is locked, `<app>.<what>` and an id where there are many; names whose hashes
            are alike wait for each other, which is harmless.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [name])


@contextmanager
def alone(name: str) -> Iterator[bool]:
    """Tell whether no other process is in a block of this name, and keep others out inside it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(hashtextextended(%s, 0))", [name])
        (is_alone,) = cursor.fetchone()
        try:
            yield is_alone
        finally:
            if is_alone:
                cursor.execute("SELECT pg_advisory_unlock(hashtextextended(%s, 0))", [name])
