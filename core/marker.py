"""The marks and signature of this deployment, from its settings."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings

if TYPE_CHECKING:
    from provenance.marker import Marker


@cache
def marker() -> Marker:
    """Return what this deployment signs, marks and verifies with; shared by all threads.

    Without C2PA_CERT_CHAIN it is a development chain in the state folder, made on first use.

    Raises:
        provenance.errors.KeysUnusable: the files or the watermark key cannot be used.
        OSError: a file cannot be read.
        ValueError: the watermark key is not hexadecimal.
    """
    from provenance.marker import Marker  # noqa: PLC0415 - c2pa stays out of the web's start

    if not settings.C2PA_CERT_CHAIN:
        return Marker.from_folder(settings.KEYS_DIR)
    return Marker.from_pem(
        cert_chain=Path(settings.C2PA_CERT_CHAIN).read_text(),
        private_key=Path(settings.C2PA_PRIVATE_KEY).read_text(),
        watermark_key=bytes.fromhex(settings.WATERMARK_KEY),
        trust_anchors=Path(settings.C2PA_TRUST_ANCHORS).read_text(),
    )
