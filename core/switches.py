"""Crisis switches: what an operator stops at once, in every process, without a restart.

A row of `core.Switch` is a thrown switch. Each process reads the rows at most every two seconds, by
one query for all of them, so that asking costs nothing where it is asked often. While PostgreSQL is
away the last known state holds.
"""

from __future__ import annotations

import logging
import math
import time
from threading import Lock

from django.conf import settings
from django.db import InterfaceError, OperationalError, transaction
from django.db.models import QuerySet

from core.errors import InvalidField, UnknownSwitch
from core.locks import hold
from core.models import Switch, SwitchChange

GENERATION = "generation"  # no new jobs, and no worker begins one
SIGN_UP = "sign_up"  # nobody makes an account; the waitlist stays open
CAMEOS = "cameos"  # nobody begins an enrolment or a clip with a cameo; no worker verifies one
READ_ONLY = "read_only"  # the API changes nothing: `core.middleware.ReadOnlyMiddleware`
ENGINE_PREFIX = "engine:"  # an engine of this name is frozen
KNOWN_SECONDS = 2.0
REASON_LENGTH_MAX = 500
_log = logging.getLogger(__name__)


class _Known:
    """What this process last read of the table, and when."""

    def __init__(self) -> None:
        self._reading = Lock()
        self._names: frozenset[str] | None = None
        self._good_until = -math.inf  # of the monotonic clock

    def names(self) -> frozenset[str]:
        """Return the thrown switches as of two seconds ago or later.

        One thread reads and the others go on with what is known: none waits for a slow database.
        """
        names = self._names
        if self._is_fresh() or not self._reading.acquire(blocking=names is None):
            return names or frozenset()
        try:
            if not self._is_fresh():  # another thread may have read while this one waited
                self._read()
            return self._names or frozenset()
        finally:
            self._reading.release()

    def hold(self, names: frozenset[str] | None, *, seconds: float = KNOWN_SECONDS) -> None:
        """Take these names for what is thrown, for so long; None: read at the next question."""
        self._good_until = -math.inf if names is None else time.monotonic() + seconds
        self._names = names

    def _is_fresh(self) -> bool:
        return time.monotonic() < self._good_until

    def _read(self) -> None:
        asked_at = time.monotonic()
        try:
            names = frozenset(Switch.objects.values_list("name", flat=True))
        except (OperationalError, InterfaceError) as error:
            _log.warning("switches stay as they were, PostgreSQL does not answer: %s", error)
            names = self._names or frozenset()
        self._names = names
        self._good_until = asked_at + KNOWN_SECONDS


_known = _Known()


def thrown_switches() -> frozenset[str]:
    """Return the names of all thrown switches, at most two seconds old."""
    return _known.names()


def is_thrown(name: str) -> bool:
    """Tell whether a switch is thrown; at most two seconds old, so ask at every step of a loop.

    A name that no switch has is not thrown.
    """
    return name in _known.names()


def engine_switch(engine: str) -> str:
    """Return the name of the switch that freezes an engine."""
    return f"{ENGINE_PREFIX}{engine}"


def switch_names() -> tuple[str, ...]:
    """Return the name of every switch there is, thrown or not."""
    return (GENERATION, SIGN_UP, CAMEOS, READ_ONLY, *map(engine_switch, sorted(settings.ENGINES)))


def thrown_rows() -> QuerySet[Switch]:
    """Return the thrown switches with their reasons, by name, from the database."""
    return Switch.objects.order_by("name")


def switch_changes() -> QuerySet[SwitchChange]:
    """Return who threw and released what, the newest first."""
    return SwitchChange.objects.order_by("-pk")


def throw_switch(*, name: str, reason: str, by: str) -> None:
    """Throw a switch: every process acts on it within five seconds.

    Throwing it again replaces the reason. Each call is one line of the trail.

    Args:
        name: one of `switch_names()`.
        reason: why, for the people who find it thrown; 1 to 500 characters.
        by: who does it, for the trail.

    Raises:
        UnknownSwitch: there is no such switch.
        InvalidField: no reason, or one that is too long.
    """
    if name not in switch_names():
        raise UnknownSwitch(_which(name), field="name")
    if not 0 < len(reason.strip()) <= REASON_LENGTH_MAX:
        raise InvalidField(f"A reason of 1 to {REASON_LENGTH_MAX} characters.", field="reason")
    with transaction.atomic():
        _take_turns()
        Switch.objects.update_or_create(name=name, defaults={"reason": reason, "set_by": by})
        SwitchChange.objects.create(name=name, is_on=True, reason=reason, changed_by=by)
        _read_again()


def release_switch(*, name: str, by: str) -> bool:
    """Let go on what a switch stopped, and return whether it was thrown; twice is harmless.

    The switch of an engine that is configured no more can be released too.

    Raises:
        UnknownSwitch: there is no such switch.
    """
    with transaction.atomic():
        _take_turns()
        thrown, _ = Switch.objects.filter(name=name).delete()
        if thrown:
            SwitchChange.objects.create(name=name, is_on=False, changed_by=by)
            _read_again()
    if not thrown and name not in switch_names():
        raise UnknownSwitch(_which(name), field="name")
    return bool(thrown)


def forget_known_switches() -> None:
    """Let this process read the table at the next question."""
    _known.hold(None)


def _which(name: str) -> str:
    return f"There is no switch {name!r}; there are {', '.join(switch_names())}."


def _take_turns() -> None:
    """Keep other changes out until the commit: the trail's order is the order of the facts."""
    hold("core.switches")


def _read_again() -> None:
    """Let the caller see its own change, and this process again what was committed."""
    forget_known_switches()
    transaction.on_commit(forget_known_switches)
