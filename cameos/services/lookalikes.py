"""Whom a template is like: the comparison of one face with all that are enrolled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from cameos.services.likeness import face_pack, open_templates

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from perception.faces import Thresholds


@dataclass(frozen=True, slots=True)
class Alike:
    """An enrolled face that a template is like."""

    cameo_id: UUID
    owner_id: UUID | None
    kind: str
    similarity: float  # cosine


def find_alike(template: npt.NDArray[np.float32], *, least: float) -> tuple[Alike, ...]:
    """Return every enrolled, protected or listed face at least so similar, the most similar first.

    It reads what is committed at this moment; a worker's memory alone sees the templates.

    Args:
        template: float32 [D] of unit length, of the pack in use.
        least: the least cosine.

    Raises:
        PackError: the pack in use cannot be read.
        KekMissing: a key is wrapped under a key that LIKENESS_KEKS no longer has.
        SealBroken: what is kept of a face was altered.
    """
    found = [
        Alike(cameo_id, owner_id, kind, similarity)
        for cameo_id, owner_id, kind, enrolled in open_templates()
        if (similarity := float(enrolled @ template)) >= least
    ]
    return tuple(sorted(found, key=lambda each: -each.similarity))


def thresholds() -> Thresholds:
    """Return from which cosine on two templates of the pack in use are of one face.

    Raises:
        PackError: the pack cannot be read, or nobody has measured it.
    """
    from perception.faces import PackError, read_pack  # noqa: PLC0415 - not in every process

    pack = read_pack(face_pack())
    if pack.thresholds is None:
        raise PackError(f"no thresholds are measured for the pack {pack.name} ({pack.sha256})")
    return pack.thresholds
