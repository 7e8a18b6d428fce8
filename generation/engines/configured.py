"""The ENGINES setting: which servers draw, how they are spoken to, and who stands in for whom."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, register

from engine.dialects import DIALECTS, dialect_named
from engine.dialects.offer import Offer, read_offer

NAMES = ("url", "key", "slots", "dialect", "offers", "fallback", "accept_licence")


@dataclass(frozen=True, slots=True)
class ConfiguredEngine:
    """One entry of ENGINES."""

    name: str
    url: str
    key: str | None = field(default=None, repr=False)
    slots: int = 1  # how many clips it renders at a time
    dialect: str = "vignette"
    offer: Offer | None = None  # what it can do, when its dialect has no way to say it
    fallback: tuple[str, ...] = ()  # who takes its jobs when it fails, first to be asked first
    accept_licence: str | None = None  # of its model, which the operator accepts


def configured() -> dict[str, ConfiguredEngine]:
    """Return the engines of the ENGINES setting by name.

    Raises:
        ValueError: the setting is wrong, as `check` says too.
    """
    return {name: _read(name, entry) for name, entry in settings.ENGINES.items()}


@register("engines")
def check_engines(**kwargs: Any) -> list[CheckMessage]:
    """Refuse to start with engines that could never be asked."""
    wrong: list[CheckMessage] = []
    for name, entry in settings.ENGINES.items():
        try:
            _read(name, entry)
        except ValueError as error:
            wrong.append(Error(f"ENGINES, {name}: {error}.", id="vignette.E010"))
    return wrong


def _read(name: str, entry: Any) -> ConfiguredEngine:
    url = entry.get("url") if isinstance(entry, Mapping) else None
    if not isinstance(url, str) or urlsplit(url).scheme not in {"http", "https"}:
        raise ValueError(f"'url' must begin with http:// or https://, not {url!r}")
    for given in entry:
        if given not in NAMES:
            raise ValueError(f"there is no {given!r}; there are {', '.join(NAMES)}")
    slots, fallback = entry.get("slots", 1), entry.get("fallback", [])
    if type(slots) is not int or slots < 1:
        raise ValueError(f"'slots' must be a number from 1, not {slots!r}")
    others = settings.ENGINES.keys() - {name}
    if not isinstance(fallback, list) or any(other not in others for other in fallback):
        raise ValueError(f"'fallback' must be a list of {sorted(others)}, not {fallback!r}")
    dialect, offer = _dialect_of(entry)
    return ConfiguredEngine(
        name=name,
        url=url,
        key=entry.get("key"),
        slots=slots,
        dialect=dialect,
        offer=offer,
        fallback=tuple(fallback),
        accept_licence=entry.get("accept_licence"),
    )


def _dialect_of(entry: Mapping[str, Any]) -> tuple[str, Offer | None]:
    dialect = entry.get("dialect", DIALECTS[0])
    try:
        offer = read_offer(entry["offers"]) if "offers" in entry else None
    except ValueError as error:
        raise ValueError(f"'offers': {error}") from None
    dialect_named(dialect, offer)
    return dialect, offer
