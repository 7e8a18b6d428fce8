"""Which cameos there are for a viewer, and how a person stands to them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING
from uuid import UUID

from django.contrib.auth import get_user_model
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from accounts.policy import ADULT_YEARS, latest_birth_of
from accounts.selectors import (
    Viewer,
    following_ids,
    likeness_standing,
    relation_of,
    visible_users,
)
from cameos.errors import CameoNotFound
from cameos.models import Audience, Cameo, CameoAccess, CameoKind, CameoState, Likeness
from cameos.policy.mentions import plain_handle
from cameos.policy.permission import Relation

if TYPE_CHECKING:
    from accounts.models import User

NAMEABLE = (CameoKind.PERSON, CameoKind.CHARACTER)
_UNSEEN = (CameoState.CHECKING, CameoState.REFUSED)


def cameos_of(owner_id: UUID) -> QuerySet[Cameo]:
    """Return what a person owns and has not revoked, protected faces too; unordered."""
    return Cameo.objects.filter(owner_id=owner_id, revoked_at__isnull=True)


def visible_cameos(viewer: Viewer) -> QuerySet[Cameo]:
    """Return the living cameos that the viewer may know of; not whether they may use them.

    A block in either direction hides both sides' cameos from the other; a character that is not
    checked yet is there for its owner alone; protected and listed faces have no handle.
    """
    mine = Q(owner_id=viewer.pk) if viewer.is_authenticated else Q()
    others = Q(owner__in=visible_users(viewer)) & ~Q(state__in=_UNSEEN)
    return Cameo.objects.filter(
        (mine | others) if mine else others,
        revoked_at__isnull=True,
        handle__isnull=False,
        kind__in=NAMEABLE,
    )


def visible_cameo(handle: str, *, viewer: Viewer) -> Cameo:
    """Return the cameo with this handle, with its owner.

    Raises:
        CameoNotFound: there is none that the viewer may know of.
    """
    found = visible_cameos(viewer).filter(handle=plain_handle(handle)).select_related("owner")
    cameo = found.first()
    if cameo is None:
        raise CameoNotFound
    return cameo


def own_cameo(handle: str, *, owner_id: UUID) -> Cameo:
    """Return a person's own cameo that is not revoked.

    Raises:
        CameoNotFound: they have none with this handle.
    """
    cameo = cameos_of(owner_id).filter(handle=plain_handle(handle)).first()
    if cameo is None:
        raise CameoNotFound
    return cameo


def same(cameo: Cameo) -> QuerySet[Cameo]:
    """Return the query that is this one cameo, with its owner."""
    return Cameo.objects.filter(pk=cameo.pk).select_related("owner")


def with_portraits(cameos: QuerySet[Cameo]) -> QuerySet[Cameo]:
    """Add `has_portrait` to each cameo; the portrait itself stays sealed."""
    kept = Likeness.objects.filter(cameo_id=OuterRef("pk"), portrait__isnull=False)
    return cameos.annotate(has_portrait=Exists(kept))


def usable_cameos(viewer: User) -> QuerySet[Cameo]:
    """Return the cameos that the viewer may use, or ask to use, as far as rows tell; unordered.

    Their own among them. Restrictions bind a text and not a person, so they hide nothing here.
    """
    lists = CameoAccess.objects.filter(user_id=viewer.pk)
    allowed = lists.filter(is_allowed=True).values("cameo_id")
    denied = lists.filter(is_allowed=False).values("cameo_id")
    mutual = Q(owner__in=following_ids(viewer.pk), owner__following_edges__followed_id=viewer.pk)
    listed = Q(pk__in=allowed)
    audience = (
        Q(audience=Audience.EVERYONE)
        | (Q(audience=Audience.MUTUALS) & (mutual | listed))
        | (Q(audience=Audience.APPROVED) & listed)
    )
    others = audience & Q(is_paused=False) & ~Q(pk__in=denied)
    usable = visible_cameos(viewer).filter(state=CameoState.ACTIVE)
    # By id: the join over follows would repeat a cameo for each of its owner's.
    return Cameo.objects.filter(
        pk__in=usable.filter(Q(owner_id=viewer.pk) | others).values("pk")
    ).select_related("owner")


def lapsed(cameos: Iterable[Cameo]) -> set[UUID]:
    """Return those that show the face of a minor whom no guardian allows it at this moment.

    A guardian who is suspended or deleted tells nobody, so each use asks; in one query where no
    owner is a minor.
    """
    faces = {
        cameo.owner_id: cameo.pk
        for cameo in cameos
        if cameo.kind == CameoKind.PERSON and cameo.owner_id is not None
    }
    today = timezone.now().date()
    minors = get_user_model().objects.filter(
        pk__in=faces, birth_date__gt=latest_birth_of(years=ADULT_YEARS, today=today)
    )
    return {
        faces[owner_id]
        for owner_id in minors.values_list("pk", flat=True)
        if not likeness_standing(owner_id).may_enrol
    }


def relations_to(cameos: Iterable[Cameo], *, by: UUID) -> dict[UUID, Relation]:
    """Return how a person stands to each cameo, by the cameo's id; in six queries for any number.

    Who has no account any more is blocked everywhere.
    """
    rows = list(cameos)
    user = get_user_model().objects.filter(pk=by).first()
    if user is None or not rows:
        return {cameo.pk: Relation(is_blocked=True) for cameo in rows}
    owners = {cameo.owner_id for cameo in rows if cameo.owner_id is not None}
    seen = set(visible_users(user).filter(pk__in=owners).values_list("pk", flat=True))
    edges = relation_of(user, owners)
    lists = dict(
        CameoAccess.objects.filter(cameo__in=rows, user_id=by).values_list("cameo_id", "is_allowed")
    )
    return {
        cameo.pk: Relation(
            is_owner=cameo.owner_id == by,
            is_blocked=cameo.owner_id not in seen,
            is_mutual=cameo.owner_id in edges
            and edges[cameo.owner_id].follows
            and edges[cameo.owner_id].followed_by,
            listed=lists.get(cameo.pk),
        )
        for cameo in rows
    }
