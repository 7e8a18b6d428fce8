"""The rules, read from rules.toml once per process."""

from __future__ import annotations

import hashlib
import tomllib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

FOLDER: Final = Path(__file__).parent
RULES_FILE: Final = FOLDER / "rules.toml"
EXEMPLARS_FILE: Final = FOLDER / "exemplars.toml"


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule; the fields are explained at the head of rules.toml."""

    id: str
    title: str
    message: str
    suggestion: str
    reference: str
    refuse: float
    review: float
    phrases: tuple[str, ...]
    hints: tuple[str, ...]
    harmless: tuple[str, ...]
    markers: tuple[str, ...] = ()
    escalate: str | None = None
    escalate_from: float = 1.0


@dataclass(frozen=True, slots=True)
class Policy:
    """All rules, most serious first, and the version to quote with a decision."""

    version: str
    rules: tuple[Rule, ...]


@lru_cache(maxsize=1)
def load_policy() -> Policy:
    """Read the rules.

    Raises:
        ValueError: A rule's thresholds are out of order, or it escalates a rule that is not there.
    """
    data = tomllib.loads(RULES_FILE.read_text(encoding="utf-8"))
    rules = tuple(_rule(rule_id, fields) for rule_id, fields in data["rules"].items())
    for rule in rules:
        if not 0 < rule.review <= rule.refuse <= 1:
            raise ValueError(f"{rule.id}: need 0 < review <= refuse <= 1")
        if rule.escalate is not None and rule.escalate not in data["rules"]:
            raise ValueError(f"{rule.id}: escalates unknown rule {rule.escalate}")
    return Policy(version=data["version"], rules=rules)


def data_digest() -> str:
    """Return the SHA-256 (hex) of the rules and exemplars, by which stale coefficients are told."""
    digest = hashlib.sha256()
    for file in (RULES_FILE, EXEMPLARS_FILE):
        digest.update(file.read_bytes())
    return digest.hexdigest()


def _rule(rule_id: str, fields: dict[str, Any]) -> Rule:
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in fields.items()
    }
    return Rule(id=rule_id, **values)
