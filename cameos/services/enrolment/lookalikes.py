"""Whom a template is like: the comparison of one face with all that are enrolled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from cameos.services.faces.recognition import known_faces, matches_in
from cameos.services.likeness import face_pack

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
    """Return the enrolled, protected and listed faces at least so similar, the most similar first.

    It reads what is committed at this moment; a worker's memory alone sees the templates.

    Args:
        template: float32 [D] of unit length, of the pack in use.
        least: the least cosine.

    Raises:
        PackError: the pack in use cannot be read.
        KekMissing: a key is wrapped under a key that LIKENESS_KEKS no longer has.
        SealBroken: what is kept of a face was altered.
    """
    matches = matches_in(known_faces(), template, at_least=least)
    return tuple(Alike(m.cameo_id, m.owner_id, m.kind, m.similarity) for m in matches)


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
