"""How cameos are called, whatever has become of them."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from cameos.models import Cameo


def handles_of(cameo_ids: Iterable[UUID]) -> dict[UUID, str]:
    """Return the handle of each cameo that is there and has one, without its "@"."""
    named = Cameo.objects.filter(pk__in=list(cameo_ids), handle__isnull=False)
    return {pk: str(handle) for pk, handle in named.values_list("pk", "handle")}
