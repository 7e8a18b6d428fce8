"""Which engine can draw a clip: its own, or one that stands in for it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from django.conf import settings

from core.errors import DomainError
from engine.contracts import EngineCapabilities
from generation.engines.breaker import takes_jobs
from generation.engines.configured import configured
from generation.engines.reports import capabilities_of, engine_named, report_of
from generation.errors import (
    CameosNotOffered,
    InputReferenceNotOffered,
    SecondsOutOfRange,
    SizeNotOffered,
    TooManyShots,
)


@dataclass(frozen=True, slots=True)
class Measures:
    """What of a clip an engine may not be able to do."""

    size: str | None  # None: any
    seconds: int
    shots: tuple[int, ...] = ()  # the seconds of each; empty: one take
    has_cast: bool = False  # whether somebody's face is to be drawn
    has_picture: bool = False  # whether it begins from one


def check_fits(wanted: Measures, can: EngineCapabilities) -> None:
    """Refuse what an engine does not draw.

    Raises:
        SizeNotOffered: it does not draw that size.
        SecondsOutOfRange: nor so long or short a clip, or shot.
        TooManyShots: nor so many shots.
        CameosNotOffered: nor anybody's face.
        InputReferenceNotOffered: nor what begins from a picture.
    """
    if wanted.has_picture and not can.input_reference:
        raise InputReferenceNotOffered(field="input_reference")
    if wanted.has_cast and "characters" not in can.operations:
        raise CameosNotOffered(field="cameos")
    if wanted.size is not None and wanted.size not in can.sizes:
        raise SizeNotOffered(f"One of {', '.join(can.sizes)}.", field="size")
    longest = min(can.max_seconds, settings.GENERATION_SECONDS_MAX)
    if not can.min_seconds <= wanted.seconds <= longest:
        raise SecondsOutOfRange(f"{can.min_seconds} to {longest} seconds.", field="seconds")
    if len(wanted.shots) > can.max_shots:
        raise TooManyShots(f"At most {can.max_shots}.", field="shots")
    take_max = can.max_shot_seconds or longest
    if max(wanted.shots or (wanted.seconds,)) > take_max:
        field = "shots" if wanted.shots else "seconds"
        raise SecondsOutOfRange(f"At most {take_max} seconds a shot.", field=field)


def engine_for(name: str, wanted: Measures) -> tuple[str, EngineCapabilities]:
    """Return who draws a clip that is asked of the engine `name`, and what may be asked of it.

    That engine, unless it takes no jobs now and one that stands in for it does.

    Raises:
        UnknownEngine: ENGINES has no such name.
        EngineNotReady: it has not said what it can do, and nobody stands in.
        SizeNotOffered, SecondsOutOfRange, TooManyShots, CameosNotOffered,
            InputReferenceNotOffered: it does not draw this.
    """
    if engine_named(name).fallback and not _is_at_work(name):
        other = stand_in(name, wanted)
        if other is not None:
            return other, capabilities_of(other)
    capabilities = capabilities_of(name)
    check_fits(wanted, capabilities)
    return name, capabilities


def stand_in(name: str, wanted: Measures, *, without: Collection[str] = ()) -> str | None:
    """Return the first of an engine's fallbacks that takes jobs now and draws this; None: none."""
    own = configured().get(name)
    for other in own.fallback if own else ():
        if other in without or not _is_at_work(other):
            continue
        try:
            check_fits(wanted, capabilities_of(other))
        except DomainError:
            continue
        return other
    return None


def _is_at_work(name: str) -> bool:
    try:
        return report_of(name).is_available and takes_jobs(name)
    except DomainError:  # a fallback that is not configured
        return False
