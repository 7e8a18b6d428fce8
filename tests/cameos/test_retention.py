"""What is kept, how long, and that it ends: in the database, in the store, on the disk."""

from __future__ import annotations

import base64
import subprocess
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from cameos import custody
from cameos.models import Cameo, DataKey, Enrolment, Likeness
from cameos.services.enrolment.captures import prefix_of
from cameos.services.enrolment.enrolments import forget_person
from cameos.services.likeness import open_portraits
from cameos.services.sweep import purge
from config.local.postgres import find_install
from core.ids import new_id
from tests.cameos.test_custody import kek
from tests.cameos.test_log import tamper
from tests.fakes.liveness import capture, portrait_of, template_of


def dump() -> bytes:
    """Return the whole test database as SQL, by the embedded PostgreSQL's own pg_dump."""
    given = connection.settings_dict
    program = find_install() / "bin" / "pg_dump"
    where = ["-h", given["HOST"], "-U", given["USER"], "-d", given["NAME"]]
    where += ["-p", str(given["PORT"])] if given["PORT"] else []
    done = subprocess.run([program, *where], capture_output=True, timeout=60)
    if done.returncode != 0:
        raise AssertionError(done.stderr.decode())
    return done.stdout


def likeness_needles() -> dict[str, bytes]:
    """Return how a template and a portrait would look where they lie open."""
    found: dict[str, bytes] = {}
    for name, raw in (("template", template_of(1).tobytes()), ("portrait", portrait_of(1))):
        found |= forms_of(name, raw)
    numbers = template_of(1)[:4].tolist()
    found["numbers"] = ", ".join(map(repr, numbers)).encode()
    found["number"] = f"{numbers[0]:.6f}".encode()
    return found


def forms_of(name: str, raw: bytes) -> dict[str, bytes]:
    middle = raw[30:90]
    encoded = base64.b64encode(raw)
    return {
        f"{name} raw": middle,
        f"{name} hex": middle.hex().encode(),
        f"{name} base64": encoded[40:100],
        f"{name} url-safe": base64.urlsafe_b64encode(raw)[40:100],
    }


def found_in(places: dict[str, bytes], needles: dict[str, bytes]) -> list[tuple[str, str]]:
    return [
        (place, name)
        for place, content in places.items()
        for name, needle in needles.items()
        if needle in content
    ]


@pytest.fixture(params=["disk", "bucket"])
def roots(request, settings) -> tuple[Path, Path]:
    """Where objects lie, on the disk or behind a bucket, and where workers work."""
    if request.param == "bucket":
        return request.getfixturevalue("bucket").folder, settings.WORK_DIR
    return Path(settings.MEDIA_ROOT), settings.WORK_DIR


def everywhere(roots) -> dict[str, bytes]:
    files = {
        str(path): path.read_bytes() for root in roots for path in root.rglob("*") if path.is_file()
    }
    return {"the dump": dump(), **files}


@pytest.mark.django_db(transaction=True)
def test_neither_a_dump_nor_the_store_holds_a_face_in_the_open(ada, bob, roots):
    """Not while it is uploaded, not enrolled, not in review, and nothing at all once it is over."""
    enrolment = ada.begun()
    raw = capture(face=1, digits=enrolment.digits, turns=enrolment.turns, salt="ada")
    needles = likeness_needles() | forms_of("capture", raw[100:])
    ada.put(enrolment, raw)
    places = everywhere(roots)
    assert any(str(enrolment.pk) in name for name in places)  # it is there
    assert found_in(places, needles) == []

    ada.submit(enrolment)
    ada.verify(enrolment)
    cameo = Cameo.objects.get()
    assert open_portraits([cameo.pk])["ada"] == portrait_of(1)
    assert bob.enrol(face=1).state == "review"
    places = everywhere(roots)
    sealed = bytes(Likeness.objects.get().template)
    assert sealed.hex().encode() in places["the dump"]  # the search would find what lies there
    assert found_in(places, needles) == []

    wrapped = [bytes(key.wrapped).hex().encode() for key in DataKey.objects.all()]
    assert len(wrapped) == 2
    bob.cancel(Enrolment.objects.get(user=bob.user))
    ada.user.delete()
    purge()
    places = everywhere(roots)
    assert list(places) == ["the dump"]
    gone = needles | {f"wrapped key {n}": key for n, key in enumerate(wrapped)}
    gone |= {"sealed template": sealed.hex().encode()}
    assert found_in(places, gone) == []
    assert not DataKey.objects.exists()


def test_an_accounts_end_takes_its_keys_along_or_leaves_them_to_the_purge(ada, bob):
    ada.enrol(face=1)
    bob.begun()
    assert forget_person(user_id=ada.user.pk) == 1
    assert forget_person(user_id=ada.user.pk) == 0
    bob.user.delete()
    assert DataKey.objects.count() == 1
    assert purge().keys_shredded == 1
    assert not DataKey.objects.exists()


def test_an_open_enrolment_and_a_living_cameo_keep_their_keys(ada, bob):
    ada.enrol(face=1)
    bob.begun()
    assert purge().keys_shredded == 0
    assert DataKey.objects.count() == 2


@pytest.mark.parametrize("change", ["revoked", "ownerless"])
def test_an_ended_cameos_key_is_found_by_the_purge(ada, change):
    ada.enrol(face=1)
    if change == "revoked":
        Cameo.objects.update(state="revoked", revoked_at=timezone.now())
    else:
        Cameo.objects.update(owner=None)
    purge()
    assert not DataKey.objects.exists()


def test_parts_that_nobody_knows_of_are_deleted(ada, settings):
    enrolment = ada.begun()
    ada.put(enrolment, capture(face=1, digits="123", turns="left"))
    gone = new_id()
    default_storage.save(f"{prefix_of(gone)}00000000-x", ContentFile(b"noise"))
    assert purge().orphans_deleted == 1
    (left,) = Path(settings.MEDIA_ROOT, "captures").iterdir()
    assert left.name == str(enrolment.pk)


def test_what_led_to_no_cameo_is_forgotten_after_a_year(ada):
    refused = ada.enrol(face=1, reasons=("silent",))
    enrolled = ada.enrol(face=1)
    Enrolment.objects.update(finished_at=timezone.now() - timedelta(days=364))
    assert purge().enrolments_forgotten == 0
    Enrolment.objects.update(finished_at=timezone.now() - timedelta(days=366))
    assert purge().enrolments_forgotten == 1
    assert [row.pk for row in Enrolment.objects.all()] == [enrolled.pk]
    assert refused.pk != enrolled.pk


def run(*args) -> str:
    out = StringIO()
    call_command("likeness", *args, stdout=out)
    return out.getvalue()


def test_status_tells_keys_packs_and_captures(ada, bob, settings):
    settings.LIKENESS_KEKS = kek("2026")
    ada.enrol(face=1)
    told = run("status")
    assert "data keys under 2026: 1\n" in told
    assert f"templates of pack {'5' * 64}: 1  (in use)" in told
    assert "captures kept: 0\n" in told
    assert "another pack" not in told
    settings.LIKENESS_KEKS = f"{kek('2027')},{settings.LIKENESS_KEKS}"
    Likeness.objects.update(pack_sha256="0" * 64)
    bob.put(bob.begun(), capture(face=1, digits="123", turns="left"))
    told = run("status")
    assert "data keys under 2026: 1  (older: manage.py likeness rotate)" in told
    assert "1 templates are of another pack" in told
    assert "captures kept: 1, the oldest since 20" in told


def test_rotate_tells_what_it_did_and_what_it_cannot(ada, settings):
    old = kek("2026")
    settings.LIKENESS_KEKS = old
    ada.enrol(face=1)
    settings.LIKENESS_KEKS = f"{kek('2027')},{old}"
    assert run("rotate") == "1 data keys are wrapped anew.\n"
    assert custody.keys_by_kek() == {"2027": 1}
    settings.LIKENESS_KEKS = old
    with pytest.raises(CommandError, match="1 data keys are under '2027'"):
        run("rotate")


def test_verify_tells_the_head_and_the_first_broken_line(ada):
    ada.enrol(face=1)
    told = run("verify")
    head = told.split("Keep this: ")[1].strip()
    assert run("verify", "--head", head) == told
    with pytest.raises(CommandError, match="--head"):
        run("verify", "--head", "12")
    tamper("UPDATE cameos_consententry SET data = '{}' WHERE sequence = 2")
    with pytest.raises(CommandError, match="from line 2 on"):
        run("verify")


def test_purge_tells_what_was_due(ada):
    ada.enrol(face=1)
    assert "captures deleted: 0" in run("purge")
