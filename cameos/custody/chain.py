"""The consent log: rows that nobody changes, each with the hash of the one before it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from cameos.models import ConsentEntry, ConsentEvent
from core.locks import hold

GENESIS = "0" * 64
_BATCH = 2_000


@dataclass(frozen=True, slots=True)
class Head:
    """The last link. Kept elsewhere, it proves later that nothing up to it was cut off."""

    sequence: int
    hash: str


def record(event: ConsentEvent | str, *, subject_id: UUID, **data: Any) -> ConsentEntry:
    """Append a line to the consent log; it is there when the caller's transaction commits.

    Whoever appends waits for those before, until their commits: make it one of the last steps of a
    transaction, after the row locks and before `publish`, so that no two wait for each other.

    Args:
        event: what happened.
        subject_id: of the cameo or the enrolment that it happened to.
        data: JSON members; ids, codes and hashes, never a name and never likeness data. Numbers
            with a fraction are kept as text.

    Raises:
        ValueError: there is no such event.
    """
    event = ConsentEvent(event)
    plain = json.loads(json.dumps(data, default=str), parse_float=str)
    with transaction.atomic():
        _take_turns()
        last = head()
        entry = ConsentEntry(
            sequence=last.sequence + 1,
            event=event,
            subject_id=subject_id,
            data=plain,
            created_at=timezone.now(),
            previous_hash=last.hash,
        )
        entry.hash = hash_of(entry)
        entry.save(force_insert=True)
    return entry


def head() -> Head:
    """Return the last link of the log; sequence 0 where nothing is logged yet."""
    last = ConsentEntry.objects.order_by("-sequence").values_list("sequence", "hash").first()
    return Head(0, GENESIS) if last is None else Head(*last)


def verify_chain(*, kept: Head | None = None) -> int | None:
    """Read the whole log and return the first sequence at which it is not what was written.

    None: every line is there, unchanged and in order. What the chain cannot tell by itself is that
    its end was cut off, or that somebody with the database wrote all of it anew: for that, keep a
    `Head` elsewhere and give it here.

    Args:
        kept: a head that was read earlier; its line must still be there.
    """
    sequence, previous = 0, GENESIS
    for entry in ConsentEntry.objects.order_by("sequence").iterator(chunk_size=_BATCH):
        sequence += 1
        is_next = entry.sequence == sequence and entry.previous_hash == previous
        if not is_next or entry.hash != hash_of(entry):
            return sequence
        if kept is not None and kept.sequence == sequence and kept.hash != entry.hash:
            return sequence
        previous = entry.hash
    return sequence + 1 if kept is not None and kept.sequence > sequence else None


def hash_of(entry: ConsentEntry) -> str:
    """Return the SHA-256 that the entry must have, by what it says and its predecessor's."""
    told = {
        "sequence": entry.sequence,
        "event": str(entry.event),
        "subject": str(entry.subject_id),
        "data": entry.data,
        "at": _text(entry.created_at),
        "previous": entry.previous_hash,
    }
    return hashlib.sha256(
        json.dumps(told, sort_keys=True, separators=(",", ":")).encode()
    ).hexdigest()


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def _take_turns() -> None:
    hold("cameos.log")
