"""Whose face is this, among 100,000 sealed templates: opening, following a change, searching.

`python -m benchmarks.likeness_search [--faces N]`

On a database of its own. Beside each number stands the bare operation of the same run: AES-GCM
alone for opening, one matrix product for searching. A film of ten seconds with one face follows.
"""

from __future__ import annotations

import argparse
import secrets
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from benchmarks.feed import services

BATCH = 5_000
ROUNDS = 30


def main() -> None:
    """Seed, measure and print one line a subject."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--faces", type=int, default=100_000)
    asked = parser.parse_args()
    with services():
        import django  # noqa: PLC0415 - the addresses are set only now

        django.setup()
        measure(asked.faces)


def measure(faces: int) -> None:
    """Print what each step costs."""
    from django.core.management import call_command  # noqa: PLC0415

    from cameos.services.faces import recognition  # noqa: PLC0415

    call_command("migrate", verbosity=0)
    templates = seed(faces)
    bare_open = bare_opening(faces)
    began = time.perf_counter()
    recognition.known_faces()
    show("open all templates, once a process", time.perf_counter() - began, bare_open, "AES-GCM")
    asked = templates[0]
    bare_search = median(lambda: templates @ asked)
    show("search", median(lambda: recognition.who_is(asked)), bare_search, "matrix product")
    stranger = unit(np.random.default_rng(1).normal(size=(1, templates.shape[1])))[0]
    show("search, nobody", median(lambda: recognition.who_is(stranger)), bare_search, "the product")
    show("search after a change", median(changed_search(asked), rounds=10), bare_search, "it")
    film_costs()


def seed(faces: int) -> Any:
    """Fill the database with sealed templates of random directions, and return them."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415
    from django.db import connection  # noqa: PLC0415

    from cameos.custody import keks, keys  # noqa: PLC0415
    from cameos.models import Cameo, DataKey, Likeness  # noqa: PLC0415
    from cameos.services.faces.recognition import model  # noqa: PLC0415
    from cameos.services.likeness import TEMPLATE, current_pack  # noqa: PLC0415

    kek, pack, dimension = keks()[0], current_pack(), model().pack.dimension
    templates = unit(np.random.default_rng(0).normal(size=(faces, dimension)))
    for first in range(0, faces, BATCH):
        rows = templates[first : first + BATCH]
        cameos = Cameo.objects.bulk_create(Cameo(kind="protected") for _ in rows)
        made = []
        for cameo, template in zip(cameos, rows, strict=True):
            # As `seal` does it, without its query for each.
            key, nonce = secrets.token_bytes(32), secrets.token_bytes(keys.NONCE_BYTES)
            context = keys._context(cameo.pk, TEMPLATE)
            sealed = AESGCM(key).encrypt(nonce, template.astype("<f4").tobytes(), context)
            wrapped = keys._wrap(key, cameo.pk, kek)
            made.append((keys._FORMAT + nonce + sealed, wrapped))
        DataKey.objects.bulk_create(
            DataKey(subject_id=cameo.pk, wrapped=wrapped, kek_id=kek.id)
            for cameo, (_, wrapped) in zip(cameos, made, strict=True)
        )
        Likeness.objects.bulk_create(
            Likeness(cameo=cameo, template=sealed, pack_sha256=pack)
            for cameo, (sealed, _) in zip(cameos, made, strict=True)
        )
    # Enrolled over time, not in this minute: what was written lately is read again.
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE cameos_likeness SET updated_at = now() - random() * interval '300 days'"
        )
        cursor.execute("VACUUM ANALYZE")
    return templates


def bare_opening(faces: int) -> float:
    """Return the seconds for decrypting as many wrapped keys and templates, and nothing else."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415

    kek, nonce = AESGCM(bytes(32)), bytes(12)
    wrapped, sealed = kek.encrypt(nonce, bytes(32), b""), kek.encrypt(nonce, bytes(512), b"")
    began = time.perf_counter()
    for _ in range(faces):
        AESGCM(kek.decrypt(nonce, wrapped, b""))
        kek.decrypt(nonce, sealed, b"")
    return time.perf_counter() - began


def changed_search(asked: Any) -> Callable[[], object]:
    """Return a search that comes after another likeness was stored; the storing is not timed."""
    from cameos.models import Cameo  # noqa: PLC0415
    from cameos.services import store_likeness  # noqa: PLC0415
    from cameos.services.faces import recognition  # noqa: PLC0415
    from cameos.services.likeness import current_pack  # noqa: PLC0415

    def change() -> None:
        cameo = Cameo.objects.create(kind="protected")
        face = unit(np.random.default_rng().normal(size=(1, asked.shape[0])))[0]
        store_likeness(cameo_id=cameo.pk, template=face, portrait=None, pack_sha256=current_pack())

    def search() -> object:
        return recognition.who_is(asked)

    search.before = change  # type: ignore[attr-defined]
    return search


def film_costs() -> None:
    """Print what a film of ten seconds with one large face costs, by its parts."""
    from cameos.services import check_faces  # noqa: PLC0415
    from cameos.services.faces import recognition  # noqa: PLC0415
    from core.ids import new_id  # noqa: PLC0415
    from tests.cameos.faces import collins, film, placed  # noqa: PLC0415
    from transcode.probe import walk_frames  # noqa: PLC0415

    with TemporaryDirectory() as folder:
        path = film(Path(folder) / "film.mp4", [placed(collins())] * 20)
        began = time.perf_counter()
        frames = [frame for _, frame in walk_frames(path, per_second=2.0, most=60)]
        decoding = time.perf_counter() - began
        faces = recognition.model()
        (face,) = faces.find(frames[0])
        finding = median(lambda: faces.find(frames[0]))
        embedding = median(lambda: faces.embed(frames[0], face))
        began = time.perf_counter()
        report = check_faces(path=path, by=new_id(), cameo_ids=[], clip_id=new_id())
        took = time.perf_counter() - began
    print(f"film of 10 s: {report.frames} frames, {report.faces} faces: {took:.2f} s")
    print(f"  decoding {decoding:.2f} s; a frame {finding * 1000:.0f} ms; ", end="")
    print(f"a template {embedding * 1000:.0f} ms")


def median(call: Callable[[], object], rounds: int = ROUNDS) -> float:
    """Return the median seconds of a call; what its `before` does is not counted."""
    times = []
    for _ in range(rounds):
        getattr(call, "before", lambda: None)()
        began = time.perf_counter()
        call()
        times.append(time.perf_counter() - began)
    return statistics.median(times)


def show(what: str, seconds: float, bare: float, name: str) -> None:
    """Print a line."""
    print(f"{what:38} {seconds * 1000:9.1f} ms  {seconds / bare:6.1f} x {name} ({bare * 1000:.1f})")


def unit(rows: Any) -> Any:
    """Return rows of length 1."""
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


if __name__ == "__main__":
    main()
