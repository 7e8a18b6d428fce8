"""Whether a file is one whole container and nothing else, told from its outermost structure alone.

Demuxers are forgiving: they skip what they do not know and play what is there. A file that was cut
off, that declares more than it holds or that is a second format at its end (a polyglot) is found
here before any demuxer sees it. Nothing is decoded and no more than headers is read.
"""

from pathlib import Path
from typing import BinaryIO, Final, Literal

from transcode.errors import NotAVideo

Container = Literal["mp4", "webm"]

# ISO 14496-12, what phones, browsers and ffmpeg write at the top level; MOV adds `wide`.
_BOXES: Final = frozenset(
    b"ftyp moov mdat free skip wide uuid moof mfra sidx ssix styp meta emsg prft pdin".split()
)
_EBML, _SEGMENT, _CLUSTER = 0x1A45DFA3, 0x18538067, 0x1F43B675
# RFC 9559: the children of Segment (without attachments) and of Cluster, Void and CRC-32.
_ELEMENTS: Final = frozenset(
    {0x114D9B74, 0x1549A966, 0x1654AE6B, 0x1C53BB6B, 0x1043A770, 0x1254C367, _CLUSTER}
    | {0xE7, 0xA3, 0xA0, 0xA7, 0xAB, 0xEC, 0xBF}
)
_MAX_ELEMENTS: Final = 20_000
_ZIP_END: Final = b"PK\x05\x06"
_ZIP_END_BYTES: Final = 22 + 65_535  # it may lie before a comment


def whole_container(path: Path) -> Container:
    """Return which container a file is, having seen that it is whole and holds nothing beside.

    Raises:
        NotAVideo: neither MP4 (or MOV) nor WebM, cut off, longer than declared, or a ZIP archive
            at the same time.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        start = file.read(12)
        if start[4:8] == b"ftyp":
            kind: Container = "mp4"
            _walk_boxes(file, size)
        elif start[:4] == _EBML.to_bytes(4, "big"):
            kind = "webm"
            _walk_elements(file, size)
        else:
            raise NotAVideo("neither MP4 nor WebM")
        file.seek(max(0, size - _ZIP_END_BYTES))
        if _ZIP_END in file.read():
            raise NotAVideo("the file is an archive as well")
    return kind


def _walk_boxes(file: BinaryIO, size: int) -> None:
    seen: list[bytes] = []
    at = 0
    while at < size:
        file.seek(at)
        header = file.read(16)
        length, name = int.from_bytes(header[:4], "big"), header[4:8]
        if length == 1:  # the real one follows in 64 bits
            length = int.from_bytes(header[8:16], "big")
        elif length == 0:  # as far as the file goes
            length = size - at
        if name not in _BOXES or length < 8:
            raise NotAVideo(f"no MP4 box at byte {at}")
        if at + length > size:
            raise NotAVideo(f"a box of {length} bytes at {at} in a file of {size}")
        seen.append(name)
        if len(seen) > _MAX_ELEMENTS:
            raise NotAVideo("more boxes than a recording has")
        at += length
    if seen.count(b"moov") != 1 or b"mdat" not in seen:
        raise NotAVideo("an MP4 without one index and its samples")


def _walk_elements(file: BinaryIO, size: int) -> None:
    """Step over a WebM's elements, into those that a streaming recorder leaves open-ended.

    Raises:
        NotAVideo: not a WebM from its first byte to its last.
    """
    at = count = 0
    while at < size:
        name, length, data_at = _element(file, at)
        if name != (_EBML, _SEGMENT)[count] if count < 2 else name not in _ELEMENTS:
            raise NotAVideo(f"no WebM element at byte {at}")
        if length is None and name not in {_SEGMENT, _CLUSTER}:
            raise NotAVideo(f"an element at byte {at} has no end")
        if data_at + (length or 0) > size:
            raise NotAVideo(f"an element at byte {at} declares more than the file holds")
        if name == _SEGMENT and length is not None and data_at + length != size:
            raise NotAVideo("something follows the WebM")
        at = data_at if name == _SEGMENT or length is None else data_at + length
        count += 1
        if count > _MAX_ELEMENTS:
            raise NotAVideo("more elements than a recording has")
    if count < 4:
        raise NotAVideo("a WebM without pictures")


def _element(file: BinaryIO, at: int) -> tuple[int, int | None, int]:
    """Read an EBML header: its id, the length of its data (None: unknown), where that begins.

    Raises:
        NotAVideo: there is none.
    """
    file.seek(at)
    header = file.read(12)
    id_bytes = _vint_bytes(header[:1])
    length_bytes = _vint_bytes(header[id_bytes : id_bytes + 1])
    if id_bytes > 4 or len(header) < id_bytes + length_bytes:
        raise NotAVideo(f"no WebM element at byte {at}")
    raw = int.from_bytes(header[id_bytes : id_bytes + length_bytes], "big")
    mask = (1 << 7 * length_bytes) - 1
    length = None if raw & mask == mask else raw & mask
    return int.from_bytes(header[:id_bytes], "big"), length, at + id_bytes + length_bytes


def _vint_bytes(first: bytes) -> int:
    """How many bytes a number takes, by the leading zeros of its first (9: no such number)."""
    return 9 - int.from_bytes(first, "big").bit_length() if first else 9
