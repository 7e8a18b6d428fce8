"""Byte ranges of a single-file HLS rendition (RFC 8216 sections 4.3.2.2 and 4.3.2.5)."""

import re
from pathlib import Path

_MAP = re.compile(r'(#EXT-X-MAP:.*BYTERANGE=")(\d+)@(\d+)(")')
_RANGE = re.compile(r"(#EXT-X-BYTERANGE:)(\d+)@(\d+)()$")


def byte_ranges(playlist: Path) -> list[tuple[int, int]]:
    """Read a playlist's (offset, length) pairs: the initialisation section, then each segment.

    Raises:
        ValueError: the playlist does not address one file by explicit byte ranges.
    """
    ranges = []
    for line in playlist.read_text().splitlines():
        match = _MAP.match(line) or _RANGE.match(line)
        if match:
            ranges.append((int(match[3]), int(match[2])))
    if len(ranges) < 2 or ranges[0][0] != 0:
        raise ValueError(f"{playlist.name} addresses no single file by byte ranges")
    return ranges


def shift_byte_ranges(playlist: Path, inserted_bytes: int) -> None:
    """Rewrite a playlist after bytes were inserted into its file's initialisation section.

    The section grows by `inserted_bytes` and every segment moves by as many. Not idempotent.

    Raises:
        ValueError: as `byte_ranges`; the playlist is left as it was.
    """
    byte_ranges(playlist)
    lines = []
    for line in playlist.read_text().splitlines():
        grown = _MAP.sub(lambda m: f"{m[1]}{int(m[2]) + inserted_bytes}@{m[3]}{m[4]}", line)
        lines.append(_RANGE.sub(lambda m: f"{m[1]}{m[2]}@{int(m[3]) + inserted_bytes}", grown))
    playlist.write_text("\n".join(lines) + "\n")
