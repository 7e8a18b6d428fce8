"""The trace id of the request or task at hand, for logs and problem documents."""

from __future__ import annotations

import re
import secrets
from contextvars import ContextVar

_trace_id: ContextVar[str] = ContextVar("trace_id", default="")
_ACCEPTED = re.compile(r"[A-Za-z0-9._-]{8,64}")


def current_trace_id() -> str:
    """Return the id that this request or task runs under; empty outside of one."""
    return _trace_id.get()


def start_trace(offered: str = "") -> str:
    """Begin a trace, keeping the id that a proxy or client offers when it is well-formed."""
    trace_id = offered if _ACCEPTED.fullmatch(offered) else secrets.token_hex(16)
    _trace_id.set(trace_id)
    return trace_id
