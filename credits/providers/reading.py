"""Reading what others wrote, mistrustfully: every way of being wrong is a `ReceiptInvalid`.

A signature tells who wrote a text, not that it holds what we expect: providers add, move and drop
fields between versions of their interfaces.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from credits.providers.errors import ReceiptInvalid

BODY_BYTES_MAX = 262_144  # a notice; the largest seen of any provider are some 20 kB
RECEIPT_CHARACTERS_MAX = 65_536
ID_CHARACTERS_MAX = 255  # so that any id fits a column
QUANTITY_MAX = 1_000
CLOCKS_APART_MAX = timedelta(minutes=5)


class Fields:
    """A JSON object whose fields are read by the kind that they must have."""

    def __init__(self, found: Mapping[str, Any]) -> None:
        """Keep the object."""
        self._found = found

    def has(self, name: str) -> bool:
        """Tell whether the field is there and not null."""
        return self._found.get(name) is not None

    def text(self, name: str, *, longest: int = ID_CHARACTERS_MAX) -> str:
        """Return a text of 1 to `longest` printable characters.

        Raises:
            ReceiptInvalid: it is missing, no text, too long, or not printable.
        """
        value = self._needed(name)
        if not isinstance(value, str) or len(value) > longest or not value.isprintable():
            raise ReceiptInvalid(*malformed(name))
        if not value:
            raise ReceiptInvalid(*missing(name))
        return value

    def text_or_empty(self, name: str) -> str:
        """Return a text as `text` does; "" where there is none.

        Raises:
            ReceiptInvalid: it is no text, too long, or not printable.
        """
        value = self._found.get(name)
        return "" if value is None or value == "" else self.text(name)

    def raw(self, name: str) -> bytes:
        """Return a text of any length and any characters, as UTF-8: what was signed as such.

        Raises:
            ReceiptInvalid: it is missing, no text, or none that UTF-8 can write.
        """
        value = self._needed(name)
        try:
            return str.encode(value, "utf-8")
        except (TypeError, ValueError):
            raise ReceiptInvalid(*malformed(name)) from None

    def whole(self, name: str, *, least: int = 0, most: int = 10**15) -> int:
        """Return a whole number from `least` to `most`.

        Raises:
            ReceiptInvalid: it is missing, no whole number, or out of bounds.
        """
        value = self._needed(name)
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise ReceiptInvalid(*malformed(name))
        return value

    def flag(self, name: str) -> bool:
        """Return whether the field is there and true; a text "true" is not."""
        return self._found.get(name) is True

    def quantity(self, name: str) -> int:
        """Return how many were bought; 1 where the field is missing.

        Raises:
            ReceiptInvalid: it is no whole number from 1 to 1000.
        """
        return self.whole(name, least=1, most=QUANTITY_MAX) if self.has(name) else 1

    def seconds(self, name: str) -> datetime:
        """Return the time (UTC) that is given in seconds since 1970.

        Raises:
            ReceiptInvalid: it is missing or no such time.
        """
        return moment(self.whole(name), field=name)

    def milliseconds(self, name: str) -> datetime:
        """Return the time (UTC) that is given in milliseconds since 1970.

        Raises:
            ReceiptInvalid: it is missing or no such time.
        """
        return moment(self.whole(name) / 1_000, field=name)

    def inner(self, name: str) -> Fields:
        """Return the object in the field; an empty one where it is missing.

        Raises:
            ReceiptInvalid: it is no object.
        """
        value = self._found.get(name)
        if value is None:
            return Fields({})
        if not isinstance(value, dict):
            raise ReceiptInvalid(*malformed(name))
        return Fields(value)

    def rows(self, name: str) -> list[Fields]:
        """Return the objects of the list in the field; none where it is missing.

        Raises:
            ReceiptInvalid: it is no list of objects.
        """
        value = self._found.get(name)
        if value is None:
            return []
        if not isinstance(value, list) or not all(isinstance(row, dict) for row in value):
            raise ReceiptInvalid(*malformed(name))
        return [Fields(row) for row in value]

    def _needed(self, name: str) -> Any:
        value = self._found.get(name)
        if value is None:
            raise ReceiptInvalid(*missing(name))
        return value


def read_object(text: bytes | str) -> Fields:
    """Return a JSON object's fields.

    Raises:
        ReceiptInvalid: it is no JSON object, is nested too deeply, or has numbers of absurd length.
    """
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise ReceiptInvalid("malformed", "This is not readable JSON.") from None
    if not isinstance(found, dict):
        raise ReceiptInvalid("malformed", "This is no JSON object.")
    return Fields(found)


def read_base64(text: str, *, field: str) -> bytes:
    """Return the bytes that a text in base64 stands for.

    Raises:
        ReceiptInvalid: it is no base64.
    """
    try:
        return base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        raise ReceiptInvalid(*malformed(field)) from None


def read_user(text: str) -> UUID:
    """Return the user whose id the buyer's client gave to the provider.

    Raises:
        ReceiptInvalid: `user_missing`: there is none, or it is no UUID.
    """
    user_id = user_or_none(text)
    if user_id is None:
        raise ReceiptInvalid("user_missing", "The purchase does not say which user it is for.")
    return user_id


def user_or_none(text: str) -> UUID | None:
    """Return the user of that id; None where it is empty or no UUID."""
    try:
        return UUID(text)
    except ValueError:
        return None


def moment(seconds: float, *, field: str) -> datetime:
    """Return the time (UTC) so many seconds after 1970.

    Raises:
        ReceiptInvalid: no calendar has it.
    """
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        raise ReceiptInvalid(*malformed(field)) from None


def ensure_not_from_the_future(when: datetime, *, now: datetime) -> None:
    """Refuse what was signed later than now, give or take what clocks differ by.

    Raises:
        ReceiptInvalid: `from_the_future`.
    """
    if when > now + CLOCKS_APART_MAX:
        raise ReceiptInvalid("from_the_future", "It was signed at a time that is yet to come.")


def ensure_bearable(body: bytes | str) -> None:
    """Refuse what is larger than a notice or a receipt can be, before any work is done on it.

    Raises:
        ReceiptInvalid: `body_too_large`.
    """
    most = BODY_BYTES_MAX if isinstance(body, bytes) else RECEIPT_CHARACTERS_MAX
    if len(body) > most:
        raise ReceiptInvalid("body_too_large", f"It is over {most // 1024} KiB.")


def header(headers: Mapping[str, str], name: str) -> str:
    """Return a header's value, in whatever case its name is written; "" where there is none."""
    return next((value for key, value in headers.items() if key.lower() == name.lower()), "")


def missing(field: str) -> tuple[str, str]:
    """Return the code and the sentence for a field that is missing."""
    return "missing_field", f"The field {field} is missing."


def malformed(field: str) -> tuple[str, str]:
    """Return the code and the sentence for a field that is not as it should be."""
    return "malformed", f"The field {field} is not as it should be."
