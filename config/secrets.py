"""Secrets that an instance makes for itself on first use and keeps under its state folder."""

from __future__ import annotations

import os
import secrets
from pathlib import Path


class Secret(str):
    """Text that a page of settings or a traceback does not show."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'…'"


def ensure_secret(path: Path, *, length_bytes: int = 48) -> str:
    """Return the secret kept in `path`, making it first when there is none.

    Two processes that start at once agree on one secret: the file appears by an atomic link, and
    whoever comes second reads what the first one wrote.

    Args:
        path: the file, readable by its owner alone.
        length_bytes: randomness of a new secret, in bytes.

    Returns:
        The secret as URL-safe text.
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
        draft.touch(mode=0o600)
        draft.write_text(secrets.token_urlsafe(length_bytes), encoding="ascii")
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text(encoding="ascii").strip()


def likeness_keks(given: str, local: Path) -> Secret:
    """Return the key-encryption keys of likenesses, newest first, as LIKENESS_KEKS has them.

    Where none is given, one is made and kept in `local`. A file that is there stays the last of the
    keys when others are given: what it wrapped can still be read, and wrapped anew.

    Raises:
        OSError: the file cannot be read or made.
    """
    entries = [given] if given else []
    if (local.exists() or not given) and "local:" not in given:
        entries.append(f"local:{ensure_secret(local, length_bytes=32)}")
    return Secret(",".join(entries))


def local_seed(local: Path, *, is_needed: bool) -> Secret:
    """Return the seed of a signing key of this instance's own; empty where there is none.

    It is made where it is needed. One that is there stays in use for reading when keys are given:
    what it signed can still be verified.

    Raises:
        OSError: the file cannot be read or made.
    """
    return Secret(ensure_secret(local) if is_needed or local.exists() else "")
