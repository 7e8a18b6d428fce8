"""How custody stands, in numbers: for `manage.py likeness status`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Min

from cameos.custody import Head, head, keks, keys_by_kek
from cameos.models import Enrolment, Likeness
from cameos.services import likeness


@dataclass(frozen=True, slots=True)
class CustodyFigures:
    """What is kept, and by which keys and packs.

    Attributes:
        newest_kek: what wraps new data keys.
        keys_by_kek: data keys by the id of what wraps them.
        templates_by_pack: templates by the SHA-256 of the pack that made them.
        pack: the pack in use; empty where there is none.
        not_comparable: templates of other packs: whose they are must enrol again.
        captures_kept: captures of enrolments that are not deleted yet.
        oldest_capture: when the oldest of them was begun.
        head: of the consent log.
    """

    newest_kek: str
    keys_by_kek: dict[str, int]
    templates_by_pack: dict[str, int]
    pack: str
    not_comparable: int
    captures_kept: int
    oldest_capture: datetime | None
    head: Head


def custody_figures() -> CustodyFigures:
    """Return how custody stands now.

    Raises:
        KeksUnusable: LIKENESS_KEKS is malformed.
    """
    kept = Likeness.objects.filter(template__isnull=False).values("pack_sha256")
    by_pack = {row["pack_sha256"]: row["n"] for row in kept.annotate(n=Count("pk"))}
    uploaded = Enrolment.objects.exclude(capture_prefix="").filter(capture_deleted_at__isnull=True)
    captures = uploaded.aggregate(n=Count("pk"), oldest=Min("created_at"))
    pack = _pack_in_use()
    return CustodyFigures(
        newest_kek=keks()[0].id,
        keys_by_kek=keys_by_kek(),
        templates_by_pack=by_pack,
        pack=pack,
        not_comparable=sum(n for sha256, n in by_pack.items() if sha256 != pack),
        captures_kept=captures["n"],
        oldest_capture=captures["oldest"],
        head=head(),
    )


def _pack_in_use() -> str:
    from perception.faces import PackError  # noqa: PLC0415 - not in every process

    try:
        return likeness.current_pack()
    except PackError:
        return ""
