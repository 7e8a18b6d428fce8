"""What people may have: the plans, and what of them can be bought. Pure: a text in, values out."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeVar

from credits.policy.reading import Table

FREE = "free"
NAME_LENGTH_MAX = 40
PROVIDERS = ("stripe", "storekit", "play")


@dataclass(frozen=True, slots=True)
class Plan:
    """What its users get.

    Attributes:
        name: how the plan is called in files, commands and the API.
        title: how people see it.
        daily_credits: credits for each UTC day, gone at its end.
        weight: share of the engines while more people wait than can be served.
        running_per_user: clips of one user in work at once.
        running_share: of all slots, what the plan's users may hold together, above 0 to 1.
        waiting_max: unfinished jobs of one user.
        is_offered: whether people are shown the plan.
    """

    name: str
    title: str
    daily_credits: int
    weight: int
    running_per_user: int
    running_share: float
    waiting_max: int
    is_offered: bool = True


@dataclass(frozen=True, slots=True)
class Pack:
    """Credits that are bought once; `products` are its ids by provider."""

    id: str
    credits: int
    months_valid: int
    products: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class SubscriptionProduct:
    """A plan that is bought for a period; `products` are its ids by provider."""

    id: str
    plan: str
    days: int
    products: Mapping[str, str]


_Sold = TypeVar("_Sold", Pack, SubscriptionProduct)


@dataclass(frozen=True, slots=True)
class Plans:
    """A whole plans file."""

    plans: Mapping[str, Plan]
    packs: tuple[Pack, ...]
    subscriptions: tuple[SubscriptionProduct, ...]

    @property
    def free(self) -> Plan:
        """The plan of everybody who has no other."""
        return self.plans[FREE]

    def best(self, names: Iterable[str]) -> Plan:
        """Return the plan of highest weight of those named; names without a plan do not count."""
        found = [self.plans[name] for name in names if name in self.plans]
        return max(found, key=lambda plan: (plan.weight, plan.daily_credits), default=self.free)

    def pack_sold_as(self, provider: str, product_id: str) -> Pack | None:
        """Return the pack that the provider sells under this id; None: it sells no such pack."""
        return _sold_as(self.packs, provider, product_id)

    def subscription_sold_as(self, provider: str, product_id: str) -> SubscriptionProduct | None:
        """Return what is subscribed to under this id; None: the provider sells no such thing."""
        return _sold_as(self.subscriptions, provider, product_id)


def read_plans(text: str) -> Plans:
    """Return what a plans file says.

    Raises:
        ValueError: the text is no TOML, or something in it is missing, unknown or out of range.
    """
    file = Table("plans", tomllib.loads(text, parse_float=Decimal))
    plans = {name: _read_plan(name, table) for name, table in file.named("plan").items()}
    if FREE not in plans:
        raise ValueError("plans: there is no [plan.free], the plan of everybody without another")
    packs = tuple(_read_pack(table) for table in file.tables("pack"))
    subscriptions = tuple(_read_subscription(table, plans) for table in file.tables("subscription"))
    file.done()
    products: list[Pack | SubscriptionProduct] = [*packs, *subscriptions]
    _each_once("id", [each.id for each in products])
    for provider in PROVIDERS:
        sold = [each.products.get(provider) for each in products]
        _each_once(f"{provider} id", [product for product in sold if product])
    return Plans(plans, packs, subscriptions)


def _read_plan(name: str, table: Table) -> Plan:
    if len(name) > NAME_LENGTH_MAX:
        raise ValueError(f"plan {name}: a name has at most {NAME_LENGTH_MAX} characters")
    plan = Plan(
        name=name,
        title=table.text("title"),
        daily_credits=table.whole("daily_credits", least=0),
        weight=table.whole("weight"),
        running_per_user=table.whole("running_per_user"),
        running_share=float(table.number("running_share", most=1)),
        waiting_max=table.whole("waiting_max"),
        is_offered=table.flag("offered", default=True),
    )
    table.done()
    return plan


def _read_pack(table: Table) -> Pack:
    pack = Pack(
        id=table.text("id"),
        credits=table.whole("credits"),
        months_valid=table.whole("months_valid", 12),
        products=_read_products(table),
    )
    table.done()
    return pack


def _read_subscription(table: Table, plans: Mapping[str, Plan]) -> SubscriptionProduct:
    product = SubscriptionProduct(
        id=table.text("id"),
        plan=table.text("plan"),
        days=table.whole("days"),
        products=_read_products(table),
    )
    table.done()
    if product.plan not in plans:
        raise ValueError(f"{table.name}: there is no plan {product.plan!r}")
    return product


def _read_products(table: Table) -> dict[str, str]:
    products = {provider: table.text(provider, "") for provider in PROVIDERS}
    return {provider: product for provider, product in products.items() if product}


def _each_once(what: str, values: list[str]) -> None:
    for value in values:
        if values.count(value) > 1:
            raise ValueError(f"plans: the {what} {value!r} is there twice")


def _sold_as(products: Iterable[_Sold], provider: str, product_id: str) -> _Sold | None:
    return next((each for each in products if each.products.get(provider) == product_id), None)
