"""Custody of likeness data: what is kept is sealed, and every consent is a link of one chain.

`seal` and `unseal` are AES-256-GCM under the data key of one subject: a cameo, or an enrolment
while it goes on. Data keys are rows, wrapped under a key-encryption key that no database has.
Whoever deletes a subject's data key has ended its likeness data, wherever copies of it are left.
"""

from cameos.custody.chain import Head, head, record, verify_chain
from cameos.custody.keks import Kek, keks
from cameos.custody.keys import (
    RotationReport,
    keys_by_kek,
    make_key,
    open_sealed,
    rotate_keys,
    seal,
    shred_key,
    shred_orphans,
    unseal,
)

__all__ = [
    "Head",
    "Kek",
    "RotationReport",
    "head",
    "keks",
    "keys_by_kek",
    "make_key",
    "open_sealed",
    "record",
    "rotate_keys",
    "seal",
    "shred_key",
    "shred_orphans",
    "unseal",
    "verify_chain",
]
