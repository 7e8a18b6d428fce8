"""Clips for the tests of every app, made through the services, with files in the media folder."""

from __future__ import annotations

import secrets
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID

from accounts.models import User
from core.ids import new_id, new_mark_id
from core.storage import save_folder
from feed.models import Clip
from feed.selectors import CAPTIONS_NAME, HLS_NAME, MP4_NAME, POSTER_NAME
from feed.services import create_draft, publish_clip

CAPTIONS = "WEBVTT\n\n00:01.000 --> 00:02.000\nHello.\n"
MP4_BYTES = bytes(range(256)) * 8  # what is in a file is not the feed's business


def make_draft(author: User, *, clip_id: UUID | None = None, **fields: Any) -> Clip:
    """Save a folder of media and put a draft of the author's over it."""
    clip_id = clip_id or new_id()
    prefix = f"clips/{clip_id}/1/"
    with TemporaryDirectory() as folder:
        if fields.get("has_captions"):
            (Path(folder) / CAPTIONS_NAME).write_text(CAPTIONS)
        save_media(Path(folder), prefix=prefix)
    facts = {
        "mark_id": new_mark_id(),
        "caption": f"clip {secrets.token_hex(2)}",
        "seconds": 5.0,
        "width_px": 360,
        "height_px": 640,
        "engine": "scene",
        "engine_is_procedural": True,
    }
    return create_draft(
        author_id=author.pk, clip_id=clip_id, media_prefix=prefix, **{**facts, **fields}
    )


def make_clip(author: User, **fields: Any) -> Clip:
    """Make a published clip of the author's."""
    clip = make_draft(author, **fields)
    publish_clip(clip_id=clip.pk, by=author)
    clip.refresh_from_db()
    return clip


def save_media(folder: Path, *, prefix: str) -> None:
    """Save what every finished clip holds under the prefix."""
    write_media(folder)
    save_folder(folder, prefix=prefix)


def write_media(folder: Path) -> None:
    """Put into a folder what every finished clip holds."""
    (folder / "hls").mkdir(exist_ok=True)
    (folder / MP4_NAME).write_bytes(MP4_BYTES)
    (folder / POSTER_NAME).write_bytes(b"\xff\xd8 a picture \xff\xd9")
    (folder / HLS_NAME).write_text("#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n0.m3u8\n")
    (folder / "hls" / "0.m3u8").write_text('#EXTM3U\n#EXT-X-MAP:URI="0.m4s"\n')
    (folder / "hls" / "0.m4s").write_bytes(b"segments")
