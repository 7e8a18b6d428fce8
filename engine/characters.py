"""Characters: faces with names that requests may cast, kept in memory for a day and never longer.

A face is kept in memory alone, and a restart forgets them all.
"""

import io
import re
import secrets
import tempfile
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image, ImageOps

from engine import fields as check
from engine.contracts import MAX_CAST, MAX_REFERENCE_BYTES, CastMember
from engine.errors import CharacterNotFound, EngineBusy, RequestRejected
from transcode.errors import NotAVideo
from transcode.probe import MediaLimits, sample_frames

KEEP_SECONDS = 24 * 3600
MAX_CHARACTERS = 256
FACE_PX = 512  # the longer side, of what is kept
FIELDS = frozenset({"name", "video", "image"})
_NAME = re.compile(r"@?([A-Za-z0-9][A-Za-z0-9_.-]{0,29})")
_VIDEO_LIMITS = MediaLimits(max_seconds=60.0, max_bytes=MAX_REFERENCE_BYTES)


@dataclass(frozen=True, slots=True)
class Character:
    """A name and a face; times are Unix seconds."""

    id: str
    member: CastMember
    created_at: int
    expires_at: int


class CharacterBook:
    """The characters of one server; every method is thread-safe."""

    def __init__(self) -> None:
        self._characters: dict[str, Character] = {}
        self._lock = threading.Lock()

    def add(self, member: CastMember) -> Character:
        """Keep a character for `KEEP_SECONDS`.

        Raises:
            EngineBusy: there are too many.
        """
        now = int(time.time())
        made = Character(f"char_{secrets.token_hex(16)}", member, now, now + KEEP_SECONDS)
        with self._lock:
            self._forget_expired()
            if len(self._characters) >= MAX_CHARACTERS:
                raise EngineBusy("Too many characters are kept.", retry_after_seconds=600)
            self._characters[made.id] = made
        return made

    def get(self, character_id: str) -> Character:
        """Return a character.

        Raises:
            CharacterNotFound: never made, removed or expired.
        """
        with self._lock:
            self._forget_expired()
            found = self._characters.get(character_id)
        if found is None:
            raise CharacterNotFound(f"No character has the id {character_id[:80]!a}.")
        return found

    def remove(self, character_id: str) -> None:
        """Forget a character; videos that are asked for already keep its face until they are done.

        Raises:
            CharacterNotFound: as `get`.
        """
        with self._lock:
            if self._characters.pop(character_id, None) is None:
                raise CharacterNotFound(f"No character has the id {character_id[:80]!a}.")

    def _forget_expired(self) -> None:
        now = time.time()
        for character in [c for c in self._characters.values() if c.expires_at <= now]:
            del self._characters[character.id]


def read_character(fields: Mapping[str, Any]) -> CastMember:
    """Check the fields of a new character: a name, and a picture of its face or a short video.

    OpenAI's client sends the file as `video`; a picture is as good there. Of a real video the
    picture in the middle is taken.

    Raises:
        RequestRejected: names the wrong field.
    """
    check.check_names(fields, FIELDS)
    name = _name(fields, "name")
    if "video" in fields and "image" in fields:
        raise RequestRejected(check.expected("image", "no video beside it"), param="image")
    param = "image" if "image" in fields else "video"
    value = fields.get(param)
    if param == "video" and isinstance(value, bytes) and _is_video(value):
        return CastMember(name, _still(value))
    return CastMember(name, _face(value, param))


def read_cast(value: Any, book: CharacterBook, *, is_offered: bool) -> tuple[CastMember, ...]:
    """Check `characters`: a list of {id}, or of {name, image_url} for a face that is not kept.

    Raises:
        RequestRejected: names the wrong field; a character that is not there is one.
    """
    if value is None:
        return ()
    if not is_offered:
        raise RequestRejected(
            "This engine casts no characters.", param="characters", code="unsupported_operation"
        )
    if not isinstance(value, list) or not 1 <= len(value) <= MAX_CAST:
        what = check.expected("characters", f"a list of 1 to {MAX_CAST} characters")
        raise RequestRejected(what, param="characters")
    cast = tuple(_member(item, f"characters[{i}]", book) for i, item in enumerate(value))
    if len({member.name.lower() for member in cast}) < len(cast):
        what = check.expected("characters", "every name once")
        raise RequestRejected(what, param="characters")
    return cast


def _member(item: Any, param: str, book: CharacterBook) -> CastMember:
    if isinstance(item, dict) and item.keys() == {"id"} and isinstance(item["id"], str):
        try:
            return book.get(item["id"]).member
        except CharacterNotFound as error:
            raise RequestRejected(error.message, param=f"{param}.id", code=error.code) from None
    if isinstance(item, dict) and item.keys() == {"name", "image_url"}:
        name = _name({f"{param}.name": item["name"]}, f"{param}.name")
        return CastMember(name, _face(item["image_url"], f"{param}.image_url"))
    raise RequestRejected(
        check.expected(param, "an object of id, or of name and image_url"), param=param
    )


def _name(fields: Mapping[str, Any], param: str) -> str:
    given = check.text(fields, param, 64)
    if given is None:
        check.refuse_missing(param)
    found = _NAME.fullmatch(given)
    if found is None:
        what = check.expected(param, "1 to 30 letters, digits, dots, dashes and underscores")
        raise RequestRejected(what, param=param)
    return f"@{found[1]}"


def _face(value: Any, param: str) -> bytes:
    # The picture as it is kept: upright, small, without what a camera wrote into it.
    encoded = check.image(value, param)
    if encoded is None:
        check.refuse_missing(param)
    try:
        with Image.open(io.BytesIO(encoded), formats=check.IMAGE_FORMATS) as picture:
            upright = ImageOps.exif_transpose(picture).convert("RGB")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        raise RequestRejected(check.expected(param, "a whole image"), param=param) from None
    return _encoded(upright)


def _still(video: bytes) -> bytes:
    with tempfile.NamedTemporaryFile(suffix=".mp4") as file:
        file.write(video)
        file.flush()
        try:
            _, picture = sample_frames(Path(file.name), 1, limits=_VIDEO_LIMITS)[0]
        except NotAVideo:
            what = check.expected("video", "an image, or a video of at most 60 seconds")
            raise RequestRejected(what, param="video") from None
    return _encoded(Image.fromarray(picture))


def _encoded(picture: Image.Image) -> bytes:
    picture.thumbnail((FACE_PX, FACE_PX))
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=92)
    return buffer.getvalue()


def _is_video(data: bytes) -> bool:
    # An ISO file (MP4, MOV) or Matroska (WebM); everything else is tried as a picture.
    return data[4:8] == b"ftyp" or data[:4] == b"\x1aE\xdf\xa3"
