"""How the fuzzer writes the bodies that it knows no media type of."""

from __future__ import annotations

from typing import Any

import schemathesis


@schemathesis.serializer(
    "application/offset+octet-stream", "video/mp4", "video/quicktime", "video/webm"
)
def as_bytes(context: schemathesis.SerializationContext, value: Any) -> bytes:
    """Send bytes as they are, and all else as text."""
    data = getattr(value, "data", value)
    return data if isinstance(data, bytes) else str(data).encode(errors="ignore")
