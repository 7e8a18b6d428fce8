"""Pure decisions about clips."""

from __future__ import annotations


def may_remix(
    remix_allowed: str, *, is_author: bool, is_follower: bool, is_followed_back: bool
) -> bool:
    """Decide whether a viewer who sees a clip may remix it; its author always may.

    Args:
        remix_allowed: the author's choice: off, followers, mutuals or everyone.
        is_author: whether the viewer is the author.
        is_follower: whether the viewer follows the author.
        is_followed_back: whether the author follows the viewer.
    """
    return (
        is_author
        or {
            "everyone": True,
            "followers": is_follower,
            "mutuals": is_follower and is_followed_back,
            "off": False,
        }[remix_allowed]
    )
