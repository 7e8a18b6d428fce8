"""What is kept of a face: written once it is verified, opened in a worker's memory alone."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet

from cameos.custody import make_key, open_sealed, seal
from cameos.models import CameoState, DataKey, Likeness

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Template = npt.NDArray[np.float32]

TEMPLATE, PORTRAIT = "template", "portrait"
_BATCH = 2_000
_Row = tuple[UUID, UUID | None, str, bytes | memoryview | None]


def store_likeness(
    *,
    cameo_id: UUID,
    template: Template | None,
    portrait: bytes | None,
    pack_sha256: str,
) -> None:
    """Seal what is kept of a cameo in place of what was, in the caller's transaction.

    Args:
        cameo_id: of a cameo that is there; its data key is made where it has none.
        template: float32 [D]; None for a character.
        portrait: a JPEG, as engines get it; None for a protected face.
        pack_sha256: which pack made the template; empty without one.

    Raises:
        KeyShredded: the cameo is being ended at this moment.
        KekMissing: its key is wrapped under a key that LIKENESS_KEKS no longer has.
        SealBroken: its key was altered.
    """
    make_key(cameo_id)
    sealed = {
        part: None if data is None else seal(data, subject_id=cameo_id, part=part)
        for part, data in (
            (TEMPLATE, None if template is None else _bytes_of(template)),
            (PORTRAIT, portrait),
        )
    }
    Likeness.objects.update_or_create(
        cameo_id=cameo_id, defaults={**sealed, "pack_sha256": pack_sha256}
    )


def open_portraits(cameo_ids: Collection[UUID]) -> dict[str, bytes]:
    """Return the portraits of cameos as JPEG, by handle.

    Those of cameos that are revoked, refused or have no portrait are not among them; nor are any
    whose key was shredded meanwhile.

    Raises:
        KekMissing: a key is wrapped under a key that LIKENESS_KEKS no longer has.
        SealBroken: what is kept was altered.
    """
    kept = _kept().filter(cameo_id__in=cameo_ids, cameo__handle__isnull=False)
    kept = kept.filter(portrait__isnull=False).select_related("cameo")
    rows = list(kept)
    keys = DataKey.objects.in_bulk([row.cameo_id for row in rows])
    return {
        str(row.cameo.handle): open_sealed(
            row.portrait or b"", key=keys[row.cameo_id], part=PORTRAIT
        )
        for row in rows
        if row.cameo_id in keys
    }


def open_portrait(cameo_id: UUID) -> bytes | None:
    """Return one cameo's portrait as JPEG; None where none is kept or it can no longer be opened.

    Raises:
        KekMissing: its key is wrapped under a key that LIKENESS_KEKS no longer has.
        SealBroken: what is kept was altered.
    """
    row = _kept().filter(cameo_id=cameo_id, portrait__isnull=False).first()
    key = DataKey.objects.filter(subject_id=cameo_id).first()
    if row is None or row.portrait is None or key is None:
        return None
    return open_sealed(row.portrait, key=key, part=PORTRAIT)


def open_templates(
    *, pack_sha256: str | None = None, cameo_ids: Collection[UUID] | None = None
) -> Iterator[tuple[UUID, UUID | None, str, Template]]:
    """Yield (cameo, owner, kind, template) of all that is neither revoked nor refused.

    Templates are unsealed one by one into this process's memory: for workers alone. Those of
    another pack than the one in use are left out: they are numbers of another space, and comparing
    would answer something.

    Args:
        pack_sha256: which pack's templates; None: of the pack in use (`current_pack`).
        cameo_ids: these alone; None: all.

    Raises:
        KekMissing: a key is wrapped under a key that LIKENESS_KEKS no longer has.
        SealBroken: what is kept was altered.
        PackError: the pack in use cannot be read.
    """
    import numpy as np  # noqa: PLC0415 - not in every process

    wanted = _kept().filter(template__isnull=False, pack_sha256=pack_sha256 or current_pack())
    if cameo_ids is not None:
        wanted = wanted.filter(cameo_id__in=cameo_ids)
    # Tuples: making a model of each row takes longer than opening it.
    rows = wanted.values_list("cameo_id", "cameo__owner_id", "cameo__kind", "template")
    for batch in _batches(rows.order_by("pk")):
        keys = DataKey.objects.in_bulk([cameo_id for cameo_id, *_ in batch])
        for cameo_id, owner_id, kind, sealed in batch:
            if cameo_id in keys:
                raw = open_sealed(sealed or b"", key=keys[cameo_id], part=TEMPLATE)
                yield cameo_id, owner_id, kind, np.frombuffer(raw, dtype="<f4").astype(np.float32)


def current_pack() -> str:
    """Return the SHA-256 of the pack in use, by its manifest alone.

    Raises:
        PackError: there is none, or it is malformed.
    """
    from perception.faces import read_pack  # noqa: PLC0415 - not in every process

    return read_pack(face_pack()).sha256


def face_pack() -> Path:
    """Return the folder of the pack in use."""
    return Path(settings.FACE_PACK)


def _kept() -> QuerySet[Likeness]:
    ended = (CameoState.REVOKED, CameoState.REFUSED)
    return Likeness.objects.exclude(cameo__state__in=ended)


def _batches(rows: QuerySet[Likeness, _Row]) -> Iterator[list[_Row]]:
    """Yield the rows in bounded lists, by the primary key: no cursor is held open between them."""
    last: UUID | None = None
    while batch := list((rows if last is None else rows.filter(pk__gt=last))[:_BATCH]):
        yield batch
        last = batch[-1][0]


def _bytes_of(template: Template) -> bytes:
    return template.astype("<f4").tobytes()
