"""Invite codes: how they are made, spelled and stored (pure)."""

from __future__ import annotations

import secrets

from django.utils.crypto import salted_hmac

ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"  # no 0 O 1 I: codes are read aloud and typed
CODE_LENGTH = 8  # 32^8 = 2^40 codes; sign-up is rate limited per address


def new_code() -> str:
    """Return a fresh code as it is shown: `XXXX-XXXX`."""
    code = "".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH))
    return f"{code[:4]}-{code[4:]}"


def hash_code(code: str) -> str:
    """Return the hash, keyed by SECRET_KEY, that a code is stored by.

    Letter case, dashes and spaces do not matter. What cannot be a code is hashed too, to a value
    that none has: a look-up takes the same path for every input.
    """
    plain = code.upper().replace("-", "").replace(" ", "")
    if len(plain) != CODE_LENGTH or not set(plain) <= set(ALPHABET):
        plain = ""
    return salted_hmac("accounts.invite", plain, algorithm="sha256").hexdigest()
