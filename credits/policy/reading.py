"""Read a table of a TOML file strictly: what is missing, unknown or out of range is named."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any


class Table:
    """One table of a file; `done()` refuses keys that nobody asked for."""

    def __init__(self, name: str, entries: Any) -> None:
        if not isinstance(entries, Mapping):
            raise ValueError(f"{name}: a table is expected")  # noqa: TRY004 - the file is wrong
        self.name = name
        self._left = dict(entries)

    def text(self, key: str, default: str | None = None) -> str:
        """Return a text that is not empty.

        Raises:
            ValueError: it is missing, empty or no text.
        """
        value = self._take(key, default)
        if not isinstance(value, str) or (not value and default is None):
            raise ValueError(f"{self.name}: '{key}' must be a text, not {value!r}")
        return value

    def whole(self, key: str, default: int | None = None, *, least: int = 1) -> int:
        """Return a whole number from `least`.

        Raises:
            ValueError: it is missing, no whole number, or too small.
        """
        value = self._take(key, default)
        if type(value) is not int or value < least:
            raise ValueError(f"{self.name}: '{key}' must be a number from {least}, not {value!r}")
        return value

    def number(self, key: str, *, above: int = 0, most: int | None = None) -> Decimal:
        """Return a number above `above` and at most `most`.

        Raises:
            ValueError: it is missing, no number, or out of range.
        """
        value = self._take(key, None)
        is_number = isinstance(value, int | Decimal) and not isinstance(value, bool)
        if not is_number or not Decimal(value).is_finite() or not value > above:
            raise ValueError(f"{self.name}: '{key}' must be a number above {above}, not {value!r}")
        if most is not None and value > most:
            raise ValueError(f"{self.name}: '{key}' must be at most {most}, not {value!r}")
        return Decimal(value)

    def flag(self, key: str, *, default: bool) -> bool:
        """Return true or false.

        Raises:
            ValueError: it is neither.
        """
        value = self._take(key, default)
        if not isinstance(value, bool):
            raise ValueError(  # noqa: TRY004
                f"{self.name}: '{key}' must be true or false, not {value!r}"
            )
        return value

    def tables(self, key: str) -> list[Table]:
        """Return the tables of an array; empty where there is none.

        Raises:
            ValueError: it is no array of tables.
        """
        found = self._take(key, [])
        if not isinstance(found, list):
            raise ValueError(f"{self.name}: write [[{key}]]")  # noqa: TRY004
        return [Table(f"{key} {i}", each) for i, each in enumerate(found, start=1)]

    def named(self, key: str) -> dict[str, Table]:
        """Return the tables below a name, such as `[plan.free]`, by their own names.

        Raises:
            ValueError: there is none, or it is no table.
        """
        found = self._take(key, None)
        if not isinstance(found, Mapping) or not found:
            raise ValueError(f"{self.name}: there is no [{key}.…]")
        return {name: Table(f"{key} {name}", each) for name, each in found.items()}

    def done(self) -> None:
        """Refuse what is left over: a misspelt key would else be a silent default.

        Raises:
            ValueError: there are keys that mean nothing.
        """
        if self._left:
            raise ValueError(f"{self.name}: there is no {min(self._left)!r}")

    def _take(self, key: str, default: Any) -> Any:
        return self._left.pop(key, default)
