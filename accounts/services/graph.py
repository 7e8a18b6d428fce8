"""Follow, block and mute: each is idempotent, and so is its undoing."""

from __future__ import annotations

from django.db import transaction
from django.db.models import Q

from accounts.errors import NotToYourself, UserNotFound
from accounts.models import Block, Follow, Mute, User
from accounts.selectors import visible_users
from accounts.services.guardians import end_links_between
from accounts.services.locks import hold_pair


def follow(*, follower: User, username: str) -> None:
    """Follow a user.

    Raises:
        UserNotFound: no such user, or one of the two blocks the other.
        NotToYourself: it is the follower.
    """
    with transaction.atomic():
        followed = _other(follower, username)
        hold_pair(follower.pk, followed.pk)
        # Read again under the lock: a block that came first has taken its effect by now.
        if not visible_users(follower).filter(pk=followed.pk).exists():
            raise UserNotFound
        Follow.objects.bulk_create(
            [Follow(follower=follower, followed=followed)], ignore_conflicts=True
        )


def unfollow(*, follower: User, username: str) -> None:
    """Stop following a user.

    Raises:
        UserNotFound: no such user, or one of the two blocks the other.
        NotToYourself: it is the follower.
    """
    Follow.objects.filter(follower=follower, followed=_other(follower, username)).delete()


def block(*, blocker: User, username: str) -> None:
    """Make the two invisible to each other, and end following and guardianship in both directions.

    Raises:
        UserNotFound: no such user, or one who blocks the blocker.
        NotToYourself: it is the blocker.
    """
    with transaction.atomic():
        blocked = _blockable(blocker, username)
        hold_pair(blocker.pk, blocked.pk)
        Block.objects.bulk_create([Block(blocker=blocker, blocked=blocked)], ignore_conflicts=True)
        Follow.objects.filter(
            Q(follower=blocker, followed=blocked) | Q(follower=blocked, followed=blocker)
        ).delete()
        end_links_between(by=blocker.pk, other=blocked.pk)


def unblock(*, blocker: User, username: str) -> None:
    """Lift the blocker's own block; following does not come back.

    Raises:
        UserNotFound: no such user, or one who blocks the blocker.
        NotToYourself: it is the blocker.
    """
    Block.objects.filter(blocker=blocker, blocked=_blockable(blocker, username)).delete()


def mute(*, muter: User, username: str) -> None:
    """Keep a user out of the muter's feeds, without their knowing.

    Raises:
        UserNotFound: no such user, or one of the two blocks the other.
        NotToYourself: it is the muter.
    """
    Mute.objects.bulk_create(
        [Mute(muter=muter, muted=_other(muter, username))], ignore_conflicts=True
    )


def unmute(*, muter: User, username: str) -> None:
    """Let a muted user into the feeds again.

    Raises:
        UserNotFound: no such user, or one of the two blocks the other.
        NotToYourself: it is the muter.
    """
    Mute.objects.filter(muter=muter, muted=_other(muter, username)).delete()


def _other(viewer: User, username: str) -> User:
    user = visible_users(viewer).filter(username=username.lower()).first()
    return _not_oneself(viewer, user)


def _blockable(blocker: User, username: str) -> User:
    """Return the user, blocked already or not; one who blocks the blocker is not there."""
    user = (
        User.objects.filter(username=username.lower(), is_active=True)
        .exclude(blocking_edges__blocked=blocker)
        .first()
    )
    return _not_oneself(blocker, user)


def _not_oneself(viewer: User, user: User | None) -> User:
    if user is None:
        raise UserNotFound
    if user.pk == viewer.pk:
        raise NotToYourself
    return user
