"""Encryption of what the database keeps but must not tell whoever reads a copy of it."""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64encode

from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings
from django.utils.encoding import force_bytes


def cipher(purpose: str) -> MultiFernet:
    """Return the cipher of one purpose: written under SECRET_KEY, read under the old keys too.

    Args:
        purpose: a name that no other use has; what one use wrote another cannot read.
    """
    return MultiFernet(
        [
            Fernet(urlsafe_b64encode(hashlib.sha256(f"{purpose}:".encode() + key).digest()))
            for key in map(force_bytes, (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS))
        ]
    )
