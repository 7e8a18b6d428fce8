"""Secrets that an instance makes for itself on first use and keeps under its state folder."""

from __future__ import annotations

import os
import secrets
from pathlib import Path


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
