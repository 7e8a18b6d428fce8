"""The keys that sign consent receipts: Ed25519, the first one signs, all of them are published."""

from __future__ import annotations

import base64
import hashlib
import json
from functools import lru_cache
from pathlib import Path
from typing import Any

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)
from django.conf import settings

from cameos.errors import ReceiptKeysUnusable

ALGORITHM = "EdDSA"
_END = "-----END PRIVATE KEY-----"


def sign_receipt(claims: dict[str, Any]) -> str:
    """Return the claims as a compact JSON Web Signature (RFC 7515) under the newest key.

    Raises:
        ReceiptKeysUnusable: RECEIPT_KEY holds no Ed25519 key in PEM.
    """
    key = _keys(settings.RECEIPT_KEY, settings.RECEIPT_SEED)[0]
    headers = {"kid": _thumbprint(_public(key)), "typ": "consent-receipt+jwt"}
    return jwt.encode(claims, key, algorithm=ALGORITHM, headers=headers)


def public_keys() -> dict[str, Any]:
    """Return the JSON Web Key Set (RFC 7517, RFC 8037) that verifies every receipt of ours.

    Raises:
        ReceiptKeysUnusable: RECEIPT_KEY holds no Ed25519 key in PEM.
    """
    return {
        "keys": [
            {**public, "kid": _thumbprint(public), "alg": ALGORITHM, "use": "sig"}
            for public in map(_public, _keys(settings.RECEIPT_KEY, settings.RECEIPT_SEED))
        ]
    }


@lru_cache(maxsize=4)
def _keys(given: str, seed: str) -> tuple[Ed25519PrivateKey, ...]:
    """Return the keys of a PEM text or file, then the instance's own where it has one.

    Raises:
        ReceiptKeysUnusable: there is none, or one is not Ed25519.
    """
    found = [_load(block + _END) for block in _pem(given).split(_END)[:-1]]
    if seed:
        found.append(Ed25519PrivateKey.from_private_bytes(hashlib.sha256(seed.encode()).digest()))
    if not found:
        raise ReceiptKeysUnusable
    return tuple(found)


def _pem(given: str) -> str:
    if not given or given.lstrip().startswith("-----BEGIN"):
        return given.replace("\\n", "\n")  # on one line, as some .env files have it
    try:
        return Path(given).read_text(encoding="ascii")
    except (OSError, ValueError) as error:
        raise ReceiptKeysUnusable from error


def _load(pem: str) -> Ed25519PrivateKey:
    try:
        key = load_pem_private_key(pem.strip().encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise ReceiptKeysUnusable from error
    if not isinstance(key, Ed25519PrivateKey):
        raise ReceiptKeysUnusable
    return key


def _public(key: Ed25519PrivateKey) -> dict[str, str]:
    raw = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return {"crv": "Ed25519", "kty": "OKP", "x": _base64url(raw)}


def _thumbprint(public: dict[str, str]) -> str:
    """Return the key's id by RFC 7638: the same wherever somebody computes it."""
    canonical = json.dumps(public, sort_keys=True, separators=(",", ":"))
    return _base64url(hashlib.sha256(canonical.encode()).digest())


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
