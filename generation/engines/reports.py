"""What the configured engines say of themselves, and the connections to them."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from core.errors import NotFound
from engine.client import EngineClient
from engine.contracts import EngineCapabilities
from engine.errors import EngineError
from generation.engines.configured import ConfiguredEngine, configured
from generation.errors import EngineNotReady, UnknownEngine

FRESH_SECONDS = 30.0
VOCABULARY_SECONDS = 300.0
ASK_TIMEOUT_SECONDS = 3.0
WORK_TIMEOUT_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class EngineReport:
    """What an engine said when it was last asked; capabilities outlive an outage."""

    engine: ConfiguredEngine
    capabilities: EngineCapabilities | None
    is_available: bool
    asked_at: float  # monotonic seconds


def engine_named(name: str) -> ConfiguredEngine:
    """Return one configured engine.

    Raises:
        UnknownEngine: ENGINES has no such name.
    """
    found = configured().get(name)
    if found is None:
        raise UnknownEngine(f"There is no engine {name!r} here.", field="engine")
    return found


def client_of(name: str) -> EngineClient:
    """Return the client of a configured engine; it may be shared by threads.

    Raises:
        UnknownEngine: ENGINES has no such name.
    """
    engine = engine_named(name)
    return _client(engine, WORK_TIMEOUT_SECONDS)


def is_healthy(name: str) -> bool:
    """Say whether an engine answers that it would render now.

    Raises:
        UnknownEngine: ENGINES has no such name.
    """
    return _client(engine_named(name), ASK_TIMEOUT_SECONDS).is_healthy()


def slots_of(name: str) -> int:
    """Return how many clips an engine renders at a time; 1 for one that is no longer configured."""
    found = configured().get(name)
    return found.slots if found else 1


def is_licensed(engine: ConfiguredEngine, capabilities: EngineCapabilities) -> bool:
    """Say whether the operator accepted the licence of the model that an engine runs."""
    return capabilities.licence is None or capabilities.licence == engine.accept_licence


def report_of(name: str) -> EngineReport:
    """Return what an engine says of itself, at most 30 s old.

    Raises:
        UnknownEngine: ENGINES has no such name.
    """
    engine = engine_named(name)
    last = _reports.get(engine)
    if last is not None and time.monotonic() - last.asked_at < FRESH_SECONDS:
        return last
    try:
        asked = _client(engine, ASK_TIMEOUT_SECONDS).capabilities()
        report = EngineReport(engine, asked, is_licensed(engine, asked), time.monotonic())
    except EngineError:
        known = last.capabilities if last else None
        # Ask again soon: an engine that restarts is back in seconds.
        asked_at = time.monotonic() - FRESH_SECONDS + ASK_TIMEOUT_SECONDS
        report = EngineReport(engine, known, False, asked_at)
    _reports[engine] = report
    return report


def capabilities_of(name: str) -> EngineCapabilities:
    """Return what may be asked of an engine, also while it restarts.

    Raises:
        UnknownEngine: ENGINES has no such name.
        EngineNotReady: it has not answered this process yet, or runs a model whose licence the
            operator has not accepted.
    """
    report = report_of(name)
    if report.capabilities is None or not is_licensed(report.engine, report.capabilities):
        raise EngineNotReady
    return report.capabilities


def vocabulary_of(name: str) -> dict[str, Any]:
    """Return everything a prompt to an engine can name, at most 5 minutes old while it answers.

    Empty for an engine that has no such list.

    Raises:
        NotFound: ENGINES has no such name.
        EngineNotReady: it does not answer and has not told this process yet.
    """
    engine = configured().get(name)
    if engine is None:
        raise NotFound
    asked_at, words = _vocabularies.get(engine, (0.0, None))
    if words is not None and time.monotonic() - asked_at < VOCABULARY_SECONDS:
        return words
    try:
        client = _client(engine, ASK_TIMEOUT_SECONDS)
        told = client.vocabulary(capabilities_of(name).name)
    except EngineError:
        if words is None:
            raise EngineNotReady from None
        return words
    _vocabularies[engine] = time.monotonic(), told
    return told


def disconnect() -> None:
    """Close the connections to all engines and forget what they said."""
    while _clients:
        _clients.popitem()[1].close()
    _reports.clear()
    _vocabularies.clear()


_clients: dict[tuple[ConfiguredEngine, float], EngineClient] = {}
_reports: dict[ConfiguredEngine, EngineReport] = {}
_vocabularies: dict[ConfiguredEngine, tuple[float, dict[str, Any] | None]] = {}  # asked at


def _client(engine: ConfiguredEngine, timeout_seconds: float) -> EngineClient:
    kept = _clients.get((engine, timeout_seconds))
    if kept is not None:
        return kept
    made = EngineClient(
        engine.url, engine.key, timeout_seconds, dialect=engine.dialect, offer=engine.offer
    )
    kept = _clients.setdefault((engine, timeout_seconds), made)
    if kept is not made:  # another thread was first
        made.close()
    return kept
