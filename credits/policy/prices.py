"""What a clip costs, in credits and in money. Pure: a text in, values out, no float in between."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from credits.policy.reading import Table

DEFAULT = "default"
MICROS = 1_000_000  # in one unit of the currency
_SECONDS_PER_HOUR = 3600


@dataclass(frozen=True, slots=True)
class EnginePrice:
    """What one engine costs.

    Attributes:
        credits_per_second: for a second of a clip at factor 1.
        cost_per_hour: what an hour of one slot costs, in the file's currency.
        watts: what one slot draws while it works.
        image_seconds: how long the engine takes for one still image.
    """

    credits_per_second: Decimal
    cost_per_hour: Decimal
    watts: Decimal
    image_seconds: Decimal


@dataclass(frozen=True, slots=True)
class SizeStep:
    """The factor of sizes up to so many megapixels."""

    megapixels: Decimal
    factor: Decimal


@dataclass(frozen=True, slots=True)
class Prices:
    """A whole prices file."""

    currency: str
    without_audio: Decimal
    sizes: tuple[SizeStep, ...]
    engines: Mapping[str, EnginePrice]

    def of(self, engine: str) -> EnginePrice:
        """Return the engine's own price, or the one of engines without."""
        return self.engines.get(engine, self.engines[DEFAULT])


@dataclass(frozen=True, slots=True)
class Cost:
    """What a clip cost the operator: millionths of the currency, watt hours, still images."""

    micros: int
    watt_hours: float
    image_equivalents: float


def read_prices(text: str) -> Prices:
    """Return what a prices file says.

    Raises:
        ValueError: the text is no TOML, or something in it is missing, unknown or out of range.
    """
    file = Table("prices", tomllib.loads(text, parse_float=Decimal))
    prices = Prices(
        currency=file.text("currency"),
        without_audio=file.number("without_audio", most=1),
        sizes=tuple(_read_step(table) for table in file.tables("size")),
        engines={name: _read_engine(table) for name, table in file.named("engine").items()},
    )
    file.done()
    if len(prices.currency) != 3:
        raise ValueError("prices: 'currency' is three letters, such as EUR")
    if DEFAULT not in prices.engines:
        raise ValueError("prices: there is no [engine.default], the price of engines without")
    megapixels = [step.megapixels for step in prices.sizes]
    if not megapixels or megapixels != sorted(set(megapixels)):
        raise ValueError("prices: the [[size]] steps must ascend, and there is at least one")
    return prices


def price_by(prices: Prices, *, engine: str, seconds: float, size: str, audio: bool) -> int:
    """Return what a clip costs, in whole credits, rounded up and at least 1.

    Args:
        prices: the table.
        engine: the engine's name.
        seconds: length of the clip.
        size: width and height in pixels, such as "360x640".
        audio: whether it is asked for with sound.

    Raises:
        ValueError: the size is none, or the length is negative.
    """
    if seconds < 0:
        raise ValueError(f"a clip has no length of {seconds} s")
    credits_ = prices.of(engine).credits_per_second * Decimal(str(seconds))
    credits_ *= _size_factor(prices, size) * (1 if audio else prices.without_audio)
    return max(1, math.ceil(credits_))


def cost_by(prices: Prices, *, engine: str, engine_seconds: float) -> Cost:
    """Return what so many seconds of one slot of the engine cost the operator."""
    price, seconds = prices.of(engine), Decimal(str(engine_seconds))
    hours = seconds / _SECONDS_PER_HOUR
    return Cost(
        micros=round(price.cost_per_hour * hours * MICROS),
        watt_hours=float(price.watts * hours),
        image_equivalents=float(seconds / price.image_seconds),
    )


def _size_factor(prices: Prices, size: str) -> Decimal:
    width, _, height = size.partition("x")
    if not (width.isdecimal() and height.isdecimal()):
        raise ValueError(f"a size is WIDTHxHEIGHT in pixels, not {size!r}")
    megapixels = Decimal(int(width) * int(height)) / 1_000_000
    for step in prices.sizes:
        if megapixels <= step.megapixels:
            return step.factor
    last = prices.sizes[-1]
    return last.factor * megapixels / last.megapixels


def _read_step(table: Table) -> SizeStep:
    step = SizeStep(table.number("megapixels"), table.number("factor"))
    table.done()
    return step


def _read_engine(table: Table) -> EnginePrice:
    price = EnginePrice(
        credits_per_second=table.number("credits_per_second"),
        cost_per_hour=table.number("cost_per_hour", above=-1),
        watts=table.number("watts", above=-1),
        image_seconds=table.number("image_seconds"),
    )
    table.done()
    if price.cost_per_hour < 0 or price.watts < 0:
        raise ValueError(f"{table.name}: 'cost_per_hour' and 'watts' are not negative")
    return price
