"""The plans' and the prices' file of this instance, read once a process."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register

from credits.policy.plans import Plans, read_plans
from credits.policy.prices import Cost, Prices, cost_by, price_by, read_prices
from credits.providers.registry import misconfigured

FOLDER = Path(__file__).resolve().parent.parent


def plans() -> Plans:
    """Return the instance's plans.

    Raises:
        ValueError: the file is wrong or not there, as `check` says too.
    """
    return _plans(settings.PLANS_FILE or str(FOLDER / "plans.toml"))


def prices() -> Prices:
    """Return the instance's prices.

    Raises:
        ValueError: the file is wrong or not there, as `check` says too.
    """
    return _prices(settings.PRICES_FILE or str(FOLDER / "prices.toml"))


def price(*, engine: str, seconds: float, size: str, audio: bool) -> int:
    """Return what a clip costs here, in whole credits, rounded up and at least 1.

    Args:
        engine: the engine's name.
        seconds: length of the clip.
        size: width and height in pixels, such as "360x640".
        audio: whether it is asked for with sound.

    Raises:
        ValueError: the size is none, or the length is negative.
    """
    return price_by(prices(), engine=engine, seconds=seconds, size=size, audio=audio)


def cost(*, engine: str, engine_seconds: float) -> Cost:
    """Return what so many seconds of one slot of the engine cost the operator here."""
    return cost_by(prices(), engine=engine, engine_seconds=engine_seconds)


@register("credits")
def check_files(**kwargs: Any) -> list[CheckMessage]:
    """Refuse to start with plans or prices that cannot be read."""
    wrong: list[CheckMessage] = []
    for i, (name, read) in enumerate({"PLANS_FILE": plans, "PRICES_FILE": prices}.items()):
        try:
            read()
        except ValueError as error:
            wrong.append(Error(f"{name}: {error}.", id=f"vignette.E{20 + i:03}"))
    return wrong


@register("credits")
def check_providers(**kwargs: Any) -> list[CheckMessage]:
    """Refuse to start with a payment provider that is switched on by half."""
    return [Error(words, id="vignette.E022") for words in misconfigured()]


@cache
def _plans(path: str) -> Plans:
    return read_plans(_text(path))


@cache
def _prices(path: str) -> Prices:
    return read_prices(_text(path))


def _text(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}") from error
