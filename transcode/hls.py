"""HLS playlists beside what ffmpeg writes (RFC 8216): byte ranges, subtitles."""

import math
import re
from pathlib import Path

_MAP = re.compile(r'(#EXT-X-MAP:.*BYTERANGE=")(\d+)@(\d+)(")')
_RANGE = re.compile(r"(#EXT-X-BYTERANGE:)(\d+)@(\d+)()$")
_STREAM = "#EXT-X-STREAM-INF:"


def byte_ranges(playlist: Path) -> list[tuple[int, int]]:
    """Read a playlist's (offset, length) pairs: the initialisation section, then each segment.

    Source: RFC 8216, sections 4.3.2.2 and 4.3.2.5.

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


def add_subtitles(master: Path, captions: Path, *, seconds: float) -> Path:
    """Offer captions in a master playlist, to be switched on; not idempotent.

    The captions stay one WebVTT file, a single segment that begins at 0 (RFC 8216, section 3.5).

    Args:
        master: the playlist, rewritten; its folder gets `captions.m3u8`.
        captions: a WebVTT file in that folder or the one above.
        seconds: length of the video.

    Returns:
        The playlist of the captions.
    """
    playlist = master.with_name("captions.m3u8")
    up = "" if captions.parent == master.parent else "../"
    lines = [
        "#EXTM3U",
        "#EXT-X-VERSION:7",
        f"#EXT-X-TARGETDURATION:{math.ceil(seconds)}",
        "#EXT-X-PLAYLIST-TYPE:VOD",
        f"#EXTINF:{seconds:.6f},",
        f"{up}{captions.name}",
        "#EXT-X-ENDLIST",
    ]
    playlist.write_text("\n".join(lines) + "\n")
    media = (
        '#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="captions",NAME="Captions",DEFAULT=NO,AUTOSELECT=YES,'
        f'URI="{playlist.name}"'
    )
    offered: list[str] = []
    for line in master.read_text().splitlines():
        if line.startswith(_STREAM) and media not in offered:
            offered.append(media)
        offered.append(f'{line},SUBTITLES="captions"' if line.startswith(_STREAM) else line)
    master.write_text("\n".join(offered) + "\n")
    return playlist
