"""Whose face is this? The templates of all who are enrolled, protected or listed, in memory.

Only workers ask: unsealed templates are in the memory of the asking process and nowhere else. What
is there follows the database: before each use one query asks whether any likeness has begun,
changed or ended, and what did is read again. Every match is held against the database once more,
so a face whose registration ended a moment ago is nobody's.
"""

from __future__ import annotations

import os
import threading
import time
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID

from django.db.models import Max, QuerySet

from cameos.models import Cameo, CameoState, ConsentEntry, Likeness
from cameos.services import likeness
from cameos.services.likeness import face_pack, open_templates

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from perception.faces import FaceIndex, FaceModel, Thresholds

    Template = npt.NDArray[np.float32]
    Templates = npt.NDArray[np.float32]

# Several registrations may be of one face; beyond these the best are enough to decide.
MATCHES_MAX: Final = 16
# A row is stamped when it is written and seen when it is committed: this far apart at most.
_LATE: Final = timedelta(minutes=2)
# Nothing is trusted for ever, not even the following of changes.
_READ_ALL_AFTER_SECONDS: Final = 3600.0
ENDED: Final = (CameoState.REVOKED, CameoState.REFUSED)


@dataclass(frozen=True, slots=True)
class Match:
    """A registered face that another one is like.

    Attributes:
        cameo_id: of the cameo, the protected face or the operator's entry.
        owner_id: whose it is; None: the operator's.
        kind: of `CameoKind`.
        similarity: of the two templates, -1 to 1.
    """

    cameo_id: UUID
    owner_id: UUID | None
    kind: str
    similarity: float


@dataclass(frozen=True, slots=True)
class KnownFaces:
    """All templates of one pack as they were at one moment; read-only, so any thread may search."""

    index: FaceIndex
    ids: tuple[UUID, ...]
    templates: Templates
    owners: dict[UUID, tuple[UUID | None, str]]  # owner and kind
    pack_sha256: str
    left_out: int  # likenesses of another pack, when all were read: not comparable


@dataclass(frozen=True, slots=True)
class _Head:
    """How far the changes are followed."""

    sequence: int  # of the consent log: its order is that of the commits
    updated_at: datetime | None  # of the newest likeness

    @classmethod
    def now(cls) -> _Head:
        newest = Likeness.objects.aggregate(newest=Max("updated_at"))["newest"]
        last = ConsentEntry.objects.order_by("-sequence").values_list("sequence", flat=True)
        return cls(sequence=last.first() or 0, updated_at=newest)


@dataclass(slots=True)
class _Memory:
    """What this process holds."""

    known: KnownFaces | None = None
    head: _Head | None = None
    read_at: float = 0.0


_lock = threading.Lock()
_memory = _Memory()


def who_is(template: Template) -> tuple[Match, ...]:
    """Return the registered faces that a template is like, above `maybe`, the best first.

    The template is one of the pack in use. Costs one query, the search (`perception.faces`), and
    where somebody is found a second query.

    Raises:
        PackError: the pack in use cannot be read, or nobody measured its thresholds.
        KekMissing, SealBroken: a template cannot be opened.
    """
    return matches_in(known_faces(), template, at_least=thresholds().maybe)


def matches_in(known: KnownFaces, template: Template, *, at_least: float) -> tuple[Match, ...]:
    """Return the living registrations among `known` that a template is like, the best first.

    Args:
        known: of `known_faces`.
        template: float32 [D], of the same pack.
        at_least: the least similarity.
    """
    if not known.ids:
        return ()
    near = [
        Match(cameo_id, *known.owners[cameo_id], similarity)
        for cameo_id, similarity in known.index.nearest(template, MATCHES_MAX)
        if similarity >= at_least
    ]
    if not near:
        return ()
    living = Cameo.objects.filter(pk__in=[match.cameo_id for match in near])
    kept = set(living.exclude(state__in=ENDED).values_list("pk", flat=True))
    return tuple(match for match in near if match.cameo_id in kept)


def known_faces() -> KnownFaces:
    """Return all registered faces of the pack in use, as the database has them now.

    The first call of a process opens every template (about 40 microseconds each), later ones those
    that changed. Thread-safe: one thread reads, the others wait for it.

    Raises:
        PackError: the pack in use cannot be read.
        KekMissing, SealBroken: a template cannot be opened.
    """
    pack = likeness.current_pack()
    with _lock:
        head = _Head.now()
        is_old = time.monotonic() - _memory.read_at > _READ_ALL_AFTER_SECONDS
        if _memory.known is None or is_old or _memory.known.pack_sha256 != pack:
            _memory.known = _read_all(pack)
            _memory.read_at = time.monotonic()
        elif _memory.head is not None and _memory.head != head:
            _memory.known = _follow(_memory.known, _memory.head)
        _memory.head = head
        return _memory.known


def model() -> FaceModel:
    """Return the models of the pack in use, loaded once per process.

    Raises:
        PackError: the pack is missing, altered or not usable.
    """
    from perception.faces import load_faces  # noqa: PLC0415 - onnxruntime is heavy

    return load_faces(face_pack())


def thresholds() -> Thresholds:
    """Return from which similarity two templates of the pack in use are one person's.

    Raises:
        PackError: the pack cannot be read, or nobody measured it: then it cannot decide.
    """
    from perception.faces import PackError, read_pack  # noqa: PLC0415 - not in every process

    pack = read_pack(face_pack())
    if pack.thresholds is None:
        raise PackError(f"{pack.name} has no thresholds in perception/faces/thresholds.toml")
    return pack.thresholds


def forget_faces() -> None:
    """Drop every template from this process's memory; the next use reads them again."""
    global _memory  # noqa: PLW0603
    with _lock:
        _memory = _Memory()


def _registered() -> QuerySet[Likeness]:
    with_template = Likeness.objects.filter(template__isnull=False)
    return with_template.exclude(cameo__state__in=ENDED)


def _read_all(pack_sha256: str) -> KnownFaces:
    import numpy as np  # noqa: PLC0415 - not in every process

    nothing = np.empty((0, 0), np.float32)
    empty = KnownFaces(
        index=_index((), nothing),
        ids=(),
        templates=nothing,
        owners={},
        pack_sha256=pack_sha256,
        left_out=_registered().exclude(pack_sha256=pack_sha256).count(),
    )
    return _with(empty, changed=None)


def _follow(known: KnownFaces, since: _Head) -> KnownFaces:
    """Read again what changed since then: what the log names, and what was written lately."""
    logged = ConsentEntry.objects.filter(sequence__gt=since.sequence)
    changed = set(logged.values_list("subject_id", flat=True))
    lately = Likeness.objects.all()
    if since.updated_at is not None:
        lately = lately.filter(updated_at__gte=since.updated_at - _LATE)
    changed.update(lately.values_list("pk", flat=True))
    return _with(known, changed=changed)


def _with(known: KnownFaces, *, changed: set[UUID] | None) -> KnownFaces:
    """Return what is known with these read anew; None: all of them."""
    import numpy as np  # noqa: PLC0415 - not in every process

    owners: dict[UUID, tuple[UUID | None, str]] = {}
    read: list[Template] = []
    opened = open_templates(pack_sha256=known.pack_sha256, cameo_ids=changed)
    for cameo_id, owner_id, kind, template in opened:
        owners[cameo_id] = (owner_id, kind)
        read.append(template)
    ids, stay, others = known.ids, known.templates, known.owners
    if changed is not None and not others.keys().isdisjoint(changed):
        rows = [row for row, cameo_id in enumerate(ids) if cameo_id not in changed]
        ids, stay = tuple(ids[row] for row in rows), stay[rows]
        others = {cameo_id: others[cameo_id] for cameo_id in ids}
    parts = [part for part in (stay, np.stack(read) if read else stay[:0]) if len(part)]
    templates = np.concatenate(parts) if parts else stay[:0]
    ids = (*ids, *owners)
    index = _index(ids, templates)
    return replace(known, index=index, ids=ids, templates=templates, owners=others | owners)


def _index(ids: tuple[UUID, ...], templates: Templates) -> FaceIndex:
    from perception.faces import FaceIndex  # noqa: PLC0415 - not in every process

    return FaceIndex(ids, templates)


def _forget_in_child() -> None:
    """Give a forked worker a free lock, and no template that it did not read itself."""
    global _lock, _memory
    _lock, _memory = threading.Lock(), _Memory()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_in_child)
