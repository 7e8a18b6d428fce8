"""Decisions about likenesses that need no database: permission, mentions, restrictions."""
