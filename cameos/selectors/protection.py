"""Faces that are kept out of clips, and the names that go with them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from django.db.models import QuerySet

from cameos.models import Cameo, CameoKind, CameoState
from cameos.policy.names import find_name

LISTED_RULE: Final = "listed_person"


def protected_faces_of(user_id: UUID) -> QuerySet[Cameo]:
    """Return the living protected faces of a user: one at most."""
    mine = Cameo.objects.filter(owner_id=user_id, kind=CameoKind.PROTECTED)
    return mine.filter(revoked_at__isnull=True)


def listed_faces() -> QuerySet[Cameo]:
    """Return the operator's living entries, oldest first."""
    entries = Cameo.objects.filter(kind=CameoKind.LISTED, state=CameoState.ACTIVE)
    return entries.order_by("created_at", "id")


def names_listed_in(texts: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return where texts name a listed person, in the form of policy's reasons; empty: nowhere.

    One query; with nobody listed nothing is read.

    Args:
        texts: by the name of their field.
    """
    listed = listed_faces().exclude(name="").values_list("name", flat=True)
    names = tuple(dict.fromkeys(listed))
    return [
        {
            "field": field,
            "rule": LISTED_RULE,
            "span": list(span),
            "message": "This person is not to be shown in clips of this instance.",
            "suggestion": "Leave the name out.",
        }
        for field, text in texts.items()
        if (span := find_name(names, text)) is not None
    ]
