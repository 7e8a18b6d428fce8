"""The consent log, as services write and check it."""

from __future__ import annotations

from cameos.custody.chain import Head, head, record, verify_chain

__all__ = ["Head", "head", "record", "verify_chain"]
