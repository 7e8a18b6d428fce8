"""The licence of each model family, and that the operator accepts it before anything loads."""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from engine.engines.diffusers.errors import LicenceNotAccepted


@dataclass(frozen=True, slots=True)
class Licence:
    """A summary of what a model may be used for; the licence's own text decides."""

    id: str  # what an operator writes to accept it
    title: str
    families: tuple[str, ...]
    commercial: str
    revenue_cap_usd: int  # above this yearly revenue it is not free; 0: no cap
    excluded: tuple[str, ...]  # territories
    notices: tuple[str, ...]
    source: str  # where its text is

    @property
    def terms(self) -> str:
        """Its terms in one clause."""
        cap = f" below {self.revenue_cap_usd:,} USD of yearly revenue" * bool(self.revenue_cap_usd)
        where = f", not in {', '.join(self.excluded)}" if self.excluded else ""
        return f"{self.commercial}{cap}{where}"


@cache
def licences() -> tuple[Licence, ...]:
    """Every licence that `licences.toml` describes."""
    described = tomllib.loads(Path(__file__).with_name("licences.toml").read_text("utf-8"))
    return tuple(Licence(**_frozen(entry)) for entry in described.values())


def _frozen(entry: dict[str, Any]) -> dict[str, Any]:
    return {name: tuple(v) if isinstance(v, list) else v for name, v in entry.items()}


def licence_of(family: str) -> Licence:
    """The licence that the models of a family come with."""
    return next(licence for licence in licences() if family in licence.families)


def check_accepted(licence: Licence, accepted: str | None) -> None:
    """Pass when the operator wrote this licence's id.

    Raises:
        LicenceNotAccepted: nothing, or another licence, was accepted.
    """
    if accepted != licence.id:
        raise LicenceNotAccepted(
            f"This model comes under the {licence.title} ({licence.terms}; {licence.source}):"
            f" to accept it, start with --accept-licence {licence.id},"
            f" or with ENGINE_LICENCE={licence.id}."
        )
