"""Reads of clips that other apps and the views need."""

from feed.models.clip import CAPTIONS_NAME, HLS_NAME, MP4_NAME, POSTER_NAME
from feed.selectors.cards import (
    Card,
    ai_disclosure,
    clip_card,
    clip_cards,
    credentials,
    credits_of,
    download_url,
    for_cards,
    reference,
    review_media,
)
from feed.selectors.clips import (
    author_of,
    clip_of_mark,
    clips_by,
    creditable_clips,
    drafts_of,
    feed_clips,
    is_unpublished,
    published_clips,
    visible_clip,
    visible_clips,
)

__all__ = [
    "CAPTIONS_NAME",
    "HLS_NAME",
    "MP4_NAME",
    "POSTER_NAME",
    "Card",
    "ai_disclosure",
    "author_of",
    "clip_card",
    "clip_cards",
    "clip_of_mark",
    "clips_by",
    "credentials",
    "creditable_clips",
    "credits_of",
    "download_url",
    "drafts_of",
    "feed_clips",
    "for_cards",
    "is_unpublished",
    "published_clips",
    "reference",
    "review_media",
    "visible_clip",
    "visible_clips",
]
