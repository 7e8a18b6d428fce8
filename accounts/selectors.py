"""Reads about people that other apps need; visibility is in the query."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db.models import Case, Count, Exists, F, OuterRef, Q, QuerySet, Subquery, When
from django.db.models.functions import Coalesce
from django.utils import timezone

from accounts import policy
from accounts.codes import hash_code
from accounts.errors import UserNotFound
from accounts.models import Block, Follow, Guardianship, Invite, Mute, User
from accounts.policy import LikenessStanding

Viewer = User | AnonymousUser


@dataclass(frozen=True, slots=True)
class Relation:
    """How a viewer and another user stand to each other."""

    follows: bool = False
    followed_by: bool = False
    mutes: bool = False


def visible_users(viewer: Viewer) -> QuerySet[User]:
    """Return the active users with whom no block stands in either direction."""
    return User.objects.filter(is_active=True).exclude(pk__in=hidden_user_ids(viewer))


def hidden_user_ids(viewer: Viewer) -> QuerySet[Block, Any]:
    """Return who blocks the viewer or is blocked by them, as a subquery of user ids.

    For the queries of every app: `.exclude(author_id__in=hidden_user_ids(viewer))`.
    """
    if not viewer.is_authenticated:
        return Block.objects.none().values_list("blocked_id", flat=True)
    return (
        Block.objects.filter(Q(blocker=viewer) | Q(blocked=viewer))
        .annotate(
            other_id=Case(When(blocker=viewer, then=F("blocked_id")), default=F("blocker_id"))
        )
        .values_list("other_id", flat=True)
    )


def muted_user_ids(viewer: Viewer) -> QuerySet[Mute, Any]:
    """Return whom the viewer mutes, as a subquery of user ids."""
    if not viewer.is_authenticated:
        return Mute.objects.none().values_list("muted_id", flat=True)
    return Mute.objects.filter(muter=viewer).values_list("muted_id", flat=True)


def following_ids(user_id: UUID) -> QuerySet[Follow, Any]:
    """Return whom the user follows, as a subquery of user ids."""
    return Follow.objects.filter(follower_id=user_id).values_list("followed_id", flat=True)


def usernames_of(user_ids: Iterable[UUID]) -> dict[UUID, str]:
    """Return the name of each of the users that are there, in one query, whoever blocks whom."""
    return dict(User.objects.filter(pk__in=set(user_ids)).values_list("pk", "username"))


def relation_of(viewer: Viewer, user_ids: Iterable[UUID]) -> dict[UUID, Relation]:
    """Return how the viewer stands to each of the users, in three queries for any number."""
    ids = set(user_ids)
    if not viewer.is_authenticated or not ids:
        return dict.fromkeys(ids, Relation())
    follows = set(following_ids(viewer.pk).filter(followed_id__in=ids))
    followed_by = set(
        Follow.objects.filter(followed=viewer, follower_id__in=ids).values_list(
            "follower_id", flat=True
        )
    )
    mutes = set(muted_user_ids(viewer).filter(muted_id__in=ids))
    return {each: Relation(each in follows, each in followed_by, each in mutes) for each in ids}


def profiles(users: QuerySet[User]) -> QuerySet[User]:
    """Add `followers` and `following`, the counts of active users, to each user."""
    return users.annotate(
        followers=_count(
            Follow.objects.filter(followed=OuterRef("pk"), follower__is_active=True), "followed"
        ),
        following=_count(
            Follow.objects.filter(follower=OuterRef("pk"), followed__is_active=True), "follower"
        ),
    )


def invite_is_open(code: str) -> bool:
    """Tell whether the code would let somebody in now."""
    return Invite.objects.open().filter(code_hash=hash_code(code)).exists()


def invites_of(user_id: UUID) -> QuerySet[Invite]:
    """Return the invites the user made, with who came by them."""
    return Invite.objects.filter(created_by_id=user_id).prefetch_related("redemptions__user")


def inviter_of(user_id: UUID) -> User | None:
    """Return who invited the user; None: the operator, or nobody."""
    return User.objects.filter(invites__redemptions__user_id=user_id).first()


def invited_by(user_id: UUID) -> QuerySet[User]:
    """Return the users who came in by invites of this user."""
    return User.objects.filter(invite_redemption__invite__created_by_id=user_id)


def guardians_of(ward_id: UUID) -> QuerySet[Guardianship]:
    """Return the ward's links that are asked or active, with the guardian; none from 18 on."""
    return Guardianship.objects.open().filter(ward_id=ward_id).select_related("guardian")


def wards_of(guardian_id: UUID) -> QuerySet[Guardianship]:
    """Return who asks the guardian, and whose guardian they are until the ward turns 18."""
    return Guardianship.objects.open().filter(guardian_id=guardian_id).select_related("ward")


def likeness_standing(user_id: UUID) -> LikenessStanding:
    """Return whether the user's age lets them enrol their likeness today, in one query.

    Ask at every use: a birthday, and the suspension or deletion of a guardian, tell nobody.

    Raises:
        UserNotFound: there is no such user.
    """
    grants = Guardianship.objects.granting().filter(ward_id=OuterRef("pk"))
    found = (
        User.objects.filter(pk=user_id)
        .annotate(is_granted=Exists(grants))
        .values_list("birth_date", "is_granted")
        .first()
    )
    if found is None:
        raise UserNotFound
    born, is_granted = found
    return policy.likeness_standing(
        born=born,
        today=timezone.now().date(),
        is_granted=is_granted,
        minimum_age_years=settings.MINIMUM_AGE_YEARS,
    )


def _count(edges: QuerySet[Follow], end: str) -> Coalesce:
    counted = edges.order_by().values(end).annotate(n=Count("pk")).values("n")
    return Coalesce(Subquery(counted), 0)
