"""Every write to clips and to what viewers do with them."""

from feed.services.clips import (
    add_to_remix_counts,
    collect_deleted_media,
    create_draft,
    delete_clip,
    hide_clip,
    publish_clip,
    publish_permitted,
    restore_clip,
    set_remix_source,
    update_clip,
)
from feed.services.ends import end_clip, end_clips_with, tell_of_ends
from feed.services.viewing import hide_for_viewer, like_clip, unhide_for_viewer, unlike_clip

__all__ = [
    "add_to_remix_counts",
    "collect_deleted_media",
    "create_draft",
    "delete_clip",
    "end_clip",
    "end_clips_with",
    "hide_clip",
    "hide_for_viewer",
    "like_clip",
    "publish_clip",
    "publish_permitted",
    "restore_clip",
    "set_remix_source",
    "tell_of_ends",
    "unhide_for_viewer",
    "unlike_clip",
    "update_clip",
]
