"""The bearer token by which Google's Pub/Sub proves that a push is its own (OpenID Connect)."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import jwt

from credits.providers.errors import ProviderMisconfigured, ReceiptInvalid
from credits.providers.reading import CLOCKS_APART_MAX, Fields, ensure_not_from_the_future

ISSUERS = {"accounts.google.com", "https://accounts.google.com"}
KEEP_KEYS = timedelta(hours=1)
FETCH_SECONDS_MAX = 5.0
ASK_AGAIN_AFTER = timedelta(minutes=1)  # where the keys could not be fetched


@dataclass(slots=True)
class PushKeys:
    """Google's public keys by their id, from a file (read once) or an address.

    An address is asked when a push comes and the keys are an hour old, so at most once an hour
    (once a minute while it fails; the old keys stay good meanwhile). Safe between threads.

    Attributes:
        source: a path of a JSON Web Key Set, or its https address.
        transport: how the address is reached; None: over the network.
    """

    source: str
    transport: httpx.BaseTransport | None = None
    _keys: Mapping[str, jwt.PyJWK] = field(default_factory=dict, init=False)
    _ask_from: datetime | None = field(default=None, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    def __post_init__(self) -> None:
        """Read a file at once, so that a wrong one shows when the server starts.

        Raises:
            ProviderMisconfigured: the file holds no keys, or the address is not https.
        """
        if self._is_address:
            return
        if "://" in self.source:
            raise ProviderMisconfigured("PLAY_JWKS is neither a file nor an https address.")
        try:
            self._keys = _keys_of(Path(self.source).read_bytes())
        except (OSError, ValueError) as fault:
            raise ProviderMisconfigured(f"PLAY_JWKS cannot be read: {fault}") from fault

    def key(self, key_id: str, *, now: datetime) -> jwt.PyJWK:
        """Return the key of that id.

        Raises:
            ReceiptInvalid: `key_unknown`, or `keys_unavailable` where none could be fetched yet.
        """
        if self._is_address:
            with self._lock:
                self._refresh(now=now)
        if not self._keys:
            raise ReceiptInvalid("keys_unavailable", "The sender's keys cannot be fetched now.")
        if key_id not in self._keys:
            raise ReceiptInvalid("key_unknown", "The token is signed by a key that is not known.")
        return self._keys[key_id]

    @property
    def _is_address(self) -> bool:
        return self.source.startswith("https://")

    def _refresh(self, *, now: datetime) -> None:
        if self._ask_from is not None and now < self._ask_from:
            return
        try:
            with httpx.Client(timeout=FETCH_SECONDS_MAX, transport=self.transport) as client:
                self._keys = _keys_of(client.get(self.source).raise_for_status().content)
            self._ask_from = now + KEEP_KEYS
        except (httpx.HTTPError, ValueError):
            self._ask_from = now + ASK_AGAIN_AFTER


@dataclass(frozen=True, slots=True)
class PushSender:
    """The one service account whose pushes to one address count.

    Attributes:
        audience: what the subscription names as its audience.
        email: the service account that the subscription signs as.
        keys: Google's keys.
    """

    audience: str
    email: str
    keys: PushKeys

    def ensure_sent(self, authorization: str, *, now: datetime) -> None:
        """Refuse a push whose `Authorization` header is not by this sender, for us, and fresh.

        Raises:
            ReceiptInvalid: it is not; the code says what is wrong with it.
        """
        scheme, _, token = authorization.strip().partition(" ")
        if scheme.lower() != "bearer" or not token.isascii():
            raise ReceiptInvalid("signature_invalid", "There is no bearer token.")
        claims = self._claims(token.strip(), now=now)
        if claims.text("iss") not in ISSUERS:
            raise ReceiptInvalid("signature_invalid", "The token is not issued by Google.")
        if claims.text("aud") != self.audience:
            raise ReceiptInvalid("wrong_app", "The token is for another address.")
        if claims.text("email") != self.email or not claims.flag("email_verified"):
            raise ReceiptInvalid("signature_invalid", "The token is of another account.")
        if claims.seconds("exp") < now - CLOCKS_APART_MAX:
            raise ReceiptInvalid("signature_old", "The token has expired.")
        ensure_not_from_the_future(claims.seconds("iat"), now=now)

    def _claims(self, token: str, *, now: datetime) -> Fields:
        try:
            key_id = Fields(jwt.get_unverified_header(token)).text("kid")
            key = self.keys.key(key_id, now=now)
            # Only the signature: the claims are read above, by a clock that the caller holds.
            checks: dict[str, Any] = {"verify_signature": True, "require": []}
            off = ("exp", "nbf", "iat", "aud", "iss", "sub", "jti")
            checks |= {f"verify_{claim}": False for claim in off}
            return Fields(jwt.decode(token, key, algorithms=["RS256"], options=checks))  # type: ignore[arg-type]
        except (jwt.PyJWTError, ValueError, TypeError, RecursionError):
            raise ReceiptInvalid("signature_invalid", "The token is not by the sender.") from None


def _keys_of(content: bytes) -> dict[str, jwt.PyJWK]:
    """Return the RSA keys of a JSON Web Key Set by their ids.

    Raises:
        ValueError: it is none, or holds no such key.
    """
    try:
        found = jwt.PyJWKSet.from_json(content.decode()).keys
        keys = {key.key_id: key for key in found if key.key_id and key.key_type == "RSA"}
    except (jwt.PyJWTError, AttributeError, LookupError, TypeError, RecursionError) as fault:
        raise ValueError("it is no set of keys") from fault
    if not keys:
        raise ValueError("it holds no RSA key with an id")
    return keys
