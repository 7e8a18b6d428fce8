"""What an operator does to an engine."""

from __future__ import annotations

from generation.engines.breaker import drain, resume
from generation.engines.reports import engine_named


def drain_engine(*, name: str) -> None:
    """Give an engine no more jobs; what it renders now it may finish. Twice is harmless.

    Raises:
        UnknownEngine: ENGINES has no such name.
    """
    engine_named(name)
    drain(name)


def resume_engine(*, name: str) -> None:
    """Give a drained or failing engine jobs again. Twice is harmless.

    Raises:
        UnknownEngine: ENGINES has no such name.
    """
    engine_named(name)
    resume(name)
