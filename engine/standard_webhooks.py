"""The signature of Standard Webhooks: pure, for whoever sends one.

https://www.standardwebhooks.com: `webhook-id` stays the same over all tries of one notice,
`webhook-timestamp` is the moment of the try, `webhook-signature` is "v1," and base64 of the
HMAC-SHA256 of `id.timestamp.body`.
"""

from __future__ import annotations

import binascii
import hmac
from base64 import b64decode, b64encode

SECRET_PREFIX = "whsec_"  # noqa: S105 - the public start of any secret
MIN_SECRET_BYTES, MAX_SECRET_BYTES = 24, 64  # as Standard Webhooks wants them


def sign(secret: bytes, notice_id: str, timestamp: int, body: bytes) -> str:
    """Return the value of `webhook-signature` for one secret; several go with a space between."""
    signed = f"{notice_id}.{timestamp}.".encode() + body
    return f"v1,{b64encode(hmac.digest(secret, signed, 'sha256')).decode()}"


def secret_text(secret: bytes) -> str:
    """Return a secret as people copy it: `whsec_` and base64."""
    return f"{SECRET_PREFIX}{b64encode(secret).decode()}"


def secret_bytes(text: str) -> bytes:
    """Return the bytes of a secret that people copied.

    Raises:
        ValueError: it is not `whsec_` and base64 of 24 to 64 bytes.
    """
    try:
        secret = b64decode(text.removeprefix(SECRET_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        secret = b""
    is_fit = MIN_SECRET_BYTES <= len(secret) <= MAX_SECRET_BYTES
    if not (text.startswith(SECRET_PREFIX) and is_fit):
        raise ValueError("not a secret of Standard Webhooks")
    return secret
