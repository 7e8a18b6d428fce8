"""The key-encryption keys of this deployment, newest first."""

from __future__ import annotations

import binascii
import re
from base64 import urlsafe_b64decode
from dataclasses import dataclass, field
from functools import lru_cache

from django.conf import settings

from cameos.errors import KeksUnusable

KEY_BYTES = 32
_ID = re.compile(r"[A-Za-z0-9_.-]{1,32}")
_URL_SAFE = str.maketrans("+/", "-_")


@dataclass(frozen=True, slots=True)
class Kek:
    """One key-encryption key; its id is stored beside each data key that it wraps."""

    id: str
    key: bytes = field(repr=False)


def keks() -> tuple[Kek, ...]:
    """Return the keys of LIKENESS_KEKS; the first one wraps what is wrapped from now on.

    Raises:
        KeksUnusable: there is none, it is malformed, or an id is there twice.
    """
    return _parse(settings.LIKENESS_KEKS)


@lru_cache(maxsize=4)
def _parse(text: str) -> tuple[Kek, ...]:
    found = []
    for entry in filter(None, (part.strip() for part in text.split(","))):
        kek_id, _, encoded = entry.partition(":")
        if not _ID.fullmatch(kek_id):
            raise KeksUnusable("LIKENESS_KEKS: an id is 1 to 32 of the characters A-Z a-z 0-9 _.-")
        found.append(Kek(kek_id, _decode(kek_id, encoded)))
    if not found or len({kek.id for kek in found}) < len(found):
        raise KeksUnusable("LIKENESS_KEKS: there is no key in it, or one id is there twice")
    return tuple(found)


def _decode(kek_id: str, encoded: str) -> bytes:
    plain = encoded.strip().rstrip("=").translate(_URL_SAFE)
    try:
        key = urlsafe_b64decode(plain + "=" * (-len(plain) % 4))
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != KEY_BYTES:
        raise KeksUnusable(f"LIKENESS_KEKS: {kek_id!r} is not {KEY_BYTES} bytes in base64")
    return key
