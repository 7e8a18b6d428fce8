"""Sealed data, data keys and their rotation; what ends with a key."""

from __future__ import annotations

import secrets
from base64 import b64encode, urlsafe_b64encode

import numpy as np
import pytest

from cameos import custody
from cameos.custody.keys import NONCE_BYTES
from cameos.errors import KekMissing, KeksUnusable, KeyShredded, SealBroken
from cameos.models import ConsentEntry, DataKey, Likeness
from cameos.services import open_portrait, open_portraits, open_templates, store_likeness
from config.secrets import likeness_keks
from core.ids import new_id
from tests.cameos.conftest import PACK
from tests.fakes.liveness import template_of
from tests.racing import race


def kek(name):
    return f"{name}:{b64encode(secrets.token_bytes(32)).decode()}"


def test_what_is_sealed_opens_for_its_subject_and_part_alone(subject):
    sealed = custody.seal(b"a face", subject_id=subject, part="template")
    assert b"a face" not in sealed
    assert custody.unseal(sealed, subject_id=subject, part="template") == b"a face"
    assert custody.seal(b"a face", subject_id=subject, part="template") != sealed
    other = new_id()
    custody.make_key(other)
    for wrong in ({"part": "portrait"}, {"subject_id": other}):
        with pytest.raises(SealBroken):
            custody.unseal(sealed, **({"subject_id": subject, "part": "template"} | wrong))


@pytest.mark.parametrize("at", [0, 1, NONCE_BYTES + 1, -1])
def test_an_altered_byte_is_found(subject, at):
    sealed = bytearray(custody.seal(b"a face", subject_id=subject, part="template"))
    sealed[at] ^= 1
    with pytest.raises(SealBroken):
        custody.unseal(bytes(sealed), subject_id=subject, part="template")


@pytest.mark.parametrize("length", [0, 1, NONCE_BYTES, NONCE_BYTES + 8])
def test_a_cut_off_piece_is_found(subject, length):
    sealed = custody.seal(b"a face", subject_id=subject, part="template")
    with pytest.raises(SealBroken):
        custody.unseal(sealed[:length], subject_id=subject, part="template")


def test_a_wrapped_key_opens_for_its_own_subject_alone(subject):
    """Whoever can write the table cannot give one subject's key to another."""
    other = new_id()
    sealed = custody.seal(b"a face", subject_id=subject, part="template")
    DataKey.objects.filter(pk=subject).update(subject_id=other)
    with pytest.raises(SealBroken):
        custody.unseal(sealed, subject_id=other, part="template")


def test_after_the_key_nothing_opens_and_the_log_says_so(subject):
    sealed = custody.seal(b"a face", subject_id=subject, part="template")
    assert custody.shred_key(subject) is True
    assert custody.shred_key(subject) is False
    with pytest.raises(KeyShredded):
        custody.unseal(sealed, subject_id=subject, part="template")
    with pytest.raises(KeyShredded):
        custody.seal(b"a face", subject_id=subject, part="template")
    assert list(ConsentEntry.objects.values_list("event", "subject_id")) == [
        ("key_shredded", subject)
    ]


def test_a_second_key_does_not_take_the_place_of_the_first(subject):
    sealed = custody.seal(b"a face", subject_id=subject, part="template")
    custody.make_key(subject)
    assert custody.unseal(sealed, subject_id=subject, part="template") == b"a face"


def test_rotation_wraps_every_key_anew_and_leaves_the_data(settings, db):
    old, new = kek("2026"), kek("2027")
    settings.LIKENESS_KEKS = old
    subjects = [new_id() for _ in range(5)]
    for each in subjects:
        custody.make_key(each)
    sealed = [custody.seal(b"a face", subject_id=each, part="template") for each in subjects]
    settings.LIKENESS_KEKS = f"{new},{old}"
    assert custody.rotate_keys().rewrapped == 5
    assert custody.rotate_keys() == custody.RotationReport(0, {})
    settings.LIKENESS_KEKS = new  # the old one is gone
    for each, data in zip(subjects, sealed, strict=True):
        assert custody.unseal(data, subject_id=each, part="template") == b"a face"


def test_a_key_of_a_kek_that_is_gone_is_told_and_left(settings, db):
    settings.LIKENESS_KEKS = kek("lost")
    subject = new_id()
    custody.make_key(subject)
    sealed = custody.seal(b"a face", subject_id=subject, part="template")
    settings.LIKENESS_KEKS = kek("new")
    with pytest.raises(KekMissing, match="lost"):
        custody.unseal(sealed, subject_id=subject, part="template")
    assert custody.rotate_keys() == custody.RotationReport(0, {"lost": 1})


@pytest.mark.django_db(transaction=True)
def test_rotations_at_once_share_the_work_and_no_key_is_lost(settings, monkeypatch):
    monkeypatch.setattr("cameos.custody.keys._BATCH", 3)
    old = kek("2026")
    settings.LIKENESS_KEKS = old
    sealed = {}
    for _ in range(20):
        subject = new_id()
        custody.make_key(subject)
        sealed[subject] = custody.seal(b"a face", subject_id=subject, part="template")
    settings.LIKENESS_KEKS = f"{kek('2027')},{old}"
    reports = race(lambda n: custody.rotate_keys(), times=4)
    assert sum(report.rewrapped for report in reports) == 20
    assert custody.keys_by_kek() == {"2027": 20}
    for subject, data in sealed.items():
        assert custody.unseal(data, subject_id=subject, part="template") == b"a face"


@pytest.mark.django_db(transaction=True)
def test_a_rotation_that_dies_is_taken_up_where_it_was(settings, monkeypatch):
    monkeypatch.setattr("cameos.custody.keys._BATCH", 2)
    old = kek("2026")
    settings.LIKENESS_KEKS = old
    for _ in range(5):
        custody.make_key(new_id())
    settings.LIKENESS_KEKS = f"{kek('2027')},{old}"
    wrap, calls = custody.keys._wrap, iter(range(3))
    with monkeypatch.context() as dying:
        dying.setattr("cameos.custody.keys._wrap", lambda *given: (next(calls), wrap(*given))[1])
        with pytest.raises(StopIteration):
            custody.rotate_keys()
    assert custody.keys_by_kek() == {"2026": 3, "2027": 2}
    assert custody.rotate_keys().rewrapped == 3


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a",
        "a:",
        "a:!!!",
        f"a:{b64encode(bytes(31)).decode()}",
        f"a b:{b64encode(bytes(32)).decode()}",
        f"a:{b64encode(bytes(32)).decode()},a:{b64encode(bytes(32)).decode()}",
    ],
)
def test_unusable_keks_are_refused(settings, text):
    settings.LIKENESS_KEKS = text
    with pytest.raises(KeksUnusable):
        custody.keks()


def test_keks_are_read_in_either_alphabet_and_do_not_show(settings):
    key = bytes([0xFB] * 32)
    settings.LIKENESS_KEKS = (
        f"a:{b64encode(key).decode()}, b:{urlsafe_b64encode(key).decode().rstrip('=')}"
    )
    assert [each.key for each in custody.keks()] == [key, key]
    assert "xfb" not in repr(custody.keks())


def test_an_instance_makes_its_own_kek_once_and_keeps_it_beside_given_ones(tmp_path):
    path = tmp_path / "keys" / "likeness_kek"
    made = likeness_keks("", path)
    assert made.startswith("local:")
    assert likeness_keks("", path) == made
    assert path.stat().st_mode & 0o077 == 0
    assert repr(made) == "'…'"
    assert likeness_keks("new:abc", path) == f"new:abc,{made}"
    assert likeness_keks("new:abc", tmp_path / "none") == "new:abc"
    assert not (tmp_path / "none").exists()


def test_a_likeness_is_kept_sealed_and_opens(make_cameo):
    cameo, template = make_cameo("ada"), template_of(1)
    store_likeness(cameo_id=cameo.pk, template=template, portrait=b"JPEG", pack_sha256=PACK)
    kept = Likeness.objects.get()
    assert template.tobytes() not in bytes(kept.template)
    assert b"JPEG" not in bytes(kept.portrait)
    assert open_portraits([cameo.pk]) == {"ada": b"JPEG"}
    ((cameo_id, owner_id, kind, opened),) = open_templates()
    assert (cameo_id, owner_id, kind) == (cameo.pk, cameo.owner_id, "person")
    assert np.array_equal(opened, template)
    assert opened.dtype == np.float32


def test_a_new_likeness_takes_the_old_ones_place(make_cameo):
    cameo = make_cameo("ada")
    store_likeness(cameo_id=cameo.pk, template=template_of(1), portrait=b"1", pack_sha256=PACK)
    store_likeness(cameo_id=cameo.pk, template=template_of(2), portrait=None, pack_sha256=PACK)
    (found,) = open_templates()
    assert np.array_equal(found[3], template_of(2))
    assert open_portraits([cameo.pk]) == {}
    assert open_portrait(cameo.pk) is None


def test_what_is_ended_shredded_or_of_another_pack_is_not_opened(make_cameo, monkeypatch):
    monkeypatch.setattr("cameos.services.likeness._BATCH", 2)
    cameos = {name: make_cameo(name) for name in ("living", "refused", "shredded", "other", "zoe")}
    for name, cameo in cameos.items():
        store_likeness(
            cameo_id=cameo.pk,
            template=template_of(1),
            portrait=name.encode(),
            pack_sha256="0" * 64 if name == "other" else PACK,
        )
    cameos["refused"].state = "refused"
    cameos["refused"].save()
    custody.shred_key(cameos["shredded"].pk)
    assert [found[0] for found in open_templates()] == [cameos["living"].pk, cameos["zoe"].pk]
    assert [found[0] for found in open_templates(pack_sha256="0" * 64)] == [cameos["other"].pk]
    portraits = open_portraits([cameo.pk for cameo in cameos.values()])
    assert portraits == {name: name.encode() for name in ("living", "other", "zoe")}


def test_an_accounts_end_leaves_keys_that_the_sweep_shreds(make_cameo, make_user):
    ada, bob = make_cameo("ada"), make_cameo("bob")
    for cameo in (ada, bob):
        store_likeness(cameo_id=cameo.pk, template=template_of(1), portrait=b"J", pack_sha256=PACK)
    ada.owner.delete()
    assert DataKey.objects.count() == 2
    assert custody.shred_orphans() == 1
    assert list(DataKey.objects.values_list("subject_id", flat=True)) == [bob.pk]
    assert custody.shred_orphans() == 0
