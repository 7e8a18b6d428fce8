"""Ids: UUIDv7 (RFC 9562), so that primary keys sort by time and pages stay local."""

from __future__ import annotations

import secrets
from uuid import UUID

from uuid_utils.compat import uuid7


def new_id() -> UUID:
    """Return a fresh UUIDv7."""
    return uuid7()


def new_mark_id() -> int:
    """Return a random positive 63-bit id: the payload of an invisible mark, fit for a bigint."""
    return secrets.randbits(63) or 1
