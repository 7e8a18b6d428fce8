"""Every write to clips and to what viewers do with them."""

from feed.services.clips import (
    add_to_remix_count,
    collect_deleted_media,
    create_draft,
    delete_clip,
    hide_clip,
    publish_clip,
    restore_clip,
    set_remix_source,
    update_clip,
)
from feed.services.viewing import hide_for_viewer, like_clip, unhide_for_viewer, unlike_clip

__all__ = [
    "add_to_remix_count",
    "collect_deleted_media",
    "create_draft",
    "delete_clip",
    "hide_clip",
    "hide_for_viewer",
    "like_clip",
    "publish_clip",
    "restore_clip",
    "set_remix_source",
    "unhide_for_viewer",
    "unlike_clip",
    "update_clip",
]
