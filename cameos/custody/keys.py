"""Data keys, one a subject, and what is sealed under them."""

from __future__ import annotations

import secrets
from collections import Counter
from dataclasses import dataclass
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.db import transaction
from django.db.models import Count, Exists, OuterRef, Q

from cameos.custody.chain import record
from cameos.custody.keks import KEY_BYTES, Kek, keks
from cameos.errors import KekMissing, KeyShredded, SealBroken
from cameos.models import Cameo, CameoKind, ConsentEvent, DataKey, Enrolment
from cameos.states import ENDED

NONCE_BYTES = 12
_FORMAT = b"\x01"  # of what `seal` writes
_BATCH = 200


@dataclass(frozen=True, slots=True)
class RotationReport:
    """What a rotation did: keys wrapped anew, and keys whose KEK this process does not have."""

    rewrapped: int
    out_of_reach: dict[str, int]  # by the id of the missing KEK


def make_key(subject_id: UUID) -> None:
    """Make the data key of a subject, in the caller's transaction; one that is there stays."""
    kek = keks()[0]
    DataKey.objects.bulk_create(
        [
            DataKey(
                subject_id=subject_id,
                wrapped=_wrap(secrets.token_bytes(KEY_BYTES), subject_id, kek),
                kek_id=kek.id,
            )
        ],
        ignore_conflicts=True,
    )


def shred_key(subject_id: UUID) -> bool:
    """Delete a subject's data key and log it, in the caller's transaction; twice is harmless.

    From the commit on nothing that was sealed for the subject can be read, here or in a copy.

    Returns:
        Whether there was a key.
    """
    with transaction.atomic():
        deleted, _ = DataKey.objects.filter(subject_id=subject_id).delete()
        if deleted:
            record(ConsentEvent.KEY_SHREDDED, subject_id=subject_id)
    return bool(deleted)


def shred_orphans() -> int:
    """Shred the keys whose cameo is gone, or whose enrolment is over, and return how many.

    A cameo is gone when it is revoked, or when its owner's account is. Deleting an account deletes
    rows and cannot know of keys: this is what makes that complete.
    """
    living = Cameo.objects.filter(pk=OuterRef("subject_id"), revoked_at__isnull=True).exclude(
        ~Q(kind=CameoKind.LISTED), owner__isnull=True
    )
    going_on = Enrolment.objects.filter(pk=OuterRef("subject_id")).exclude(state__in=ENDED)
    orphans = DataKey.objects.filter(~Exists(living), ~Exists(going_on))
    return sum(shred_key(key) for key in orphans.values_list("subject_id", flat=True))


def seal(data: bytes, *, subject_id: UUID, part: str) -> bytes:
    """Encrypt bytes under the subject's data key, bound to the subject and the part's name.

    Args:
        data: what is sealed; a few megabytes at most, all in memory.
        subject_id: whose key.
        part: a name; what was sealed as one part does not open as another.

    Raises:
        KeyShredded: the subject has no key, or has none any more.
        KekMissing: its key is wrapped under a key that LIKENESS_KEKS no longer has.
        SealBroken: its key was altered.
    """
    nonce = secrets.token_bytes(NONCE_BYTES)
    cipher = AESGCM(_data_key(_row(subject_id)))
    return _FORMAT + nonce + cipher.encrypt(nonce, data, _context(subject_id, part))


def unseal(sealed: bytes, *, subject_id: UUID, part: str) -> bytes:
    """Decrypt what `seal` made for the same subject and part.

    Raises:
        KeyShredded: the subject has no key any more.
        KekMissing: its key is wrapped under a key that LIKENESS_KEKS no longer has.
        SealBroken: altered, cut off, or sealed for another subject or part.
    """
    return open_sealed(sealed, key=_row(subject_id), part=part)


def open_sealed(sealed: bytes | memoryview, *, key: DataKey, part: str) -> bytes:
    """Decrypt as `unseal`, with a key's row that was read before: for many subjects at once.

    Raises:
        KekMissing: the key is wrapped under a key that LIKENESS_KEKS no longer has.
        SealBroken: altered, cut off, or sealed for another subject or part.
    """
    raw = bytes(sealed)
    nonce, body = raw[1 : 1 + NONCE_BYTES], raw[1 + NONCE_BYTES :]
    if raw[:1] != _FORMAT or len(nonce) < NONCE_BYTES:
        raise SealBroken
    try:
        return AESGCM(_data_key(key)).decrypt(nonce, body, _context(key.subject_id, part))
    except InvalidTag as error:
        raise SealBroken from error


def keys_by_kek() -> dict[str, int]:
    """Return how many data keys each key-encryption key wraps, by its id."""
    rows = DataKey.objects.values("kek_id").annotate(count=Count("pk")).order_by("kek_id")
    return {row["kek_id"]: row["count"] for row in rows}


def rotate_keys() -> RotationReport:
    """Wrap every data key anew under the newest key-encryption key; the data is not touched.

    It goes in small transactions: killed, the next one goes on, and several at once share the work.
    Keys whose own KEK is missing are left as they are and counted.

    Raises:
        KeksUnusable: LIKENESS_KEKS is malformed.
        SealBroken: a wrapped key was altered; the batch that it is in is left as it was.
    """
    newest, known = keks()[0], {kek.id for kek in keks()}
    rewrapped = 0
    while count := _rewrap_some(newest, known):
        rewrapped += count
    left = Counter(keys_by_kek())
    return RotationReport(rewrapped, {kek: n for kek, n in left.items() if kek not in known})


def _rewrap_some(newest: Kek, known: set[str]) -> int:
    with transaction.atomic():
        due = DataKey.objects.filter(kek_id__in=known - {newest.id}).order_by("pk")
        rows = list(due.select_for_update(skip_locked=True)[:_BATCH])
        for row in rows:
            row.wrapped = _wrap(_data_key(row), row.subject_id, newest)
            row.kek_id = newest.id
        DataKey.objects.bulk_update(rows, ["wrapped", "kek_id"])
    return len(rows)


def _row(subject_id: UUID) -> DataKey:
    row = DataKey.objects.filter(subject_id=subject_id).first()
    if row is None:
        raise KeyShredded
    return row


def _wrap(data_key: bytes, subject_id: UUID, kek: Kek) -> bytes:
    nonce = secrets.token_bytes(NONCE_BYTES)
    return nonce + AESGCM(kek.key).encrypt(nonce, data_key, _wrapping(subject_id, kek.id))


def _data_key(row: DataKey) -> bytes:
    kek = next((kek for kek in keks() if kek.id == row.kek_id), None)
    if kek is None:
        raise KekMissing(f"The key-encryption key {row.kek_id!r} is not in LIKENESS_KEKS.")
    wrapped = bytes(row.wrapped)
    nonce, body = wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:]
    try:
        return AESGCM(kek.key).decrypt(nonce, body, _wrapping(row.subject_id, kek.id))
    except (InvalidTag, ValueError) as error:
        raise SealBroken from error


def _context(subject_id: UUID, part: str) -> bytes:
    return b"vignette.likeness\x00" + _FORMAT + subject_id.bytes + part.encode()


def _wrapping(subject_id: UUID, kek_id: str) -> bytes:
    return b"vignette.data-key\x00" + subject_id.bytes + kek_id.encode()
