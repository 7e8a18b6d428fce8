"""Characters and protected faces: over HTTP, and what a worker makes of a character's picture."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from cameos.models import Cameo, ConsentEntry, DataKey, Enrolment, Likeness
from cameos.policy.consent import current_text
from cameos.services import check_character, check_waiting_characters, open_portraits
from cameos.services.faces.characters import CHARACTERS_MAX
from notifications.models import Event
from tests.cameos.faces import collins, collins_template, encoded, landscape, register

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada(make_user, client_of):
    """@ada's client, and herself as `ada.user`."""
    user = make_user("ada", birth_date="1990-01-01")
    client = client_of(user)
    client.user = user
    return client


def make(client, name="cat", picture=None, **fields):
    image = SimpleUploadedFile("../x.exe", picture or encoded(landscape()), "text/html")
    return client.post("/api/v1/characters", {"name": name, "image": image, **fields})


def test_a_picture_without_a_face_becomes_a_character_for_its_owner_alone(ada):
    answer = make(ada, display_name="Tom")
    assert answer.status_code == 202
    said = answer.json()
    assert (said["handle"], said["kind"], said["state"]) == ("ada-cat", "character", "checking")
    cameo = Cameo.objects.get()
    assert (cameo.name, cameo.audience, cameo.ask_me) == ("Tom", "only_me", False)
    for _ in range(2):
        check_character(cameo_id=cameo.pk)
    cameo.refresh_from_db()
    assert cameo.state == "active"
    assert open_portraits([cameo.pk])["ada-cat"][:3] == b"\xff\xd8\xff"
    assert b"\xff\xd8\xff" not in bytes(Likeness.objects.get().portrait)[:64]
    event = Event.objects.get()
    assert event.type == "character.checked"
    assert event.data == {"handle": "ada-cat", "state": "active", "reason": None}
    assert ada.get("/api/v1/cameos/ada-cat/portrait").content[:3] == b"\xff\xd8\xff"
    assert ada.delete("/api/v1/cameos/ada-cat").status_code == 204
    assert not DataKey.objects.exists()


def test_a_human_face_refuses_it_and_nothing_of_the_picture_is_left(ada):
    make(ada, "me", encoded(collins()))
    cameo = Cameo.objects.get()
    check_character(cameo_id=cameo.pk)
    cameo.refresh_from_db()
    assert (cameo.state, cameo.refused_reason) == ("refused", "human_face")
    assert not Likeness.objects.exists()
    assert not DataKey.objects.exists()
    log = ConsentEntry.objects.order_by("sequence").values_list("event", flat=True)
    assert list(log) == ["refused", "key_shredded"]
    assert Event.objects.get().data["reason"] == "human_face"
    assert make(ada, "me").status_code == 202  # the name is free again
    assert make(ada, "me").json()["code"] == "character_name_taken"


FAULTS = [
    ({"name": "Cat"}, 422, "invalid"),
    ({"name": "c-at"}, 422, "invalid"),
    ({"name": "x" * 27}, 422, "character_name_too_long"),
    ({"picture": b"GIF89a" + bytes(99)}, 422, "picture_unreadable"),
    ({"picture": encoded(landscape()) + b"PK\x05\x06" + bytes(18)}, 422, "picture_is_more"),
    ({"picture": encoded(landscape(40, 40))}, 422, "picture_too_small"),
    ({"picture": bytes(9 * 2**20)}, 413, "picture_too_large"),
]


@pytest.mark.parametrize(("given", "status", "code"), FAULTS)
def test_what_is_no_character_is_refused_with_its_code(ada, given, status, code):
    answer = make(ada, **given)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert not Cameo.objects.exists()


def test_an_account_has_so_many_characters_and_no_more(ada):
    for number in range(CHARACTERS_MAX):
        Cameo.objects.create(owner=ada.user, kind="character", handle=f"ada-{number}")
    assert make(ada).json()["code"] == "too_many_characters"


def test_the_same_key_makes_one_and_other_bytes_are_another_request(ada):
    header = {"HTTP_IDEMPOTENCY_KEY": "k"}
    for picture, status in ((landscape(), 202), (landscape(), 202), (landscape(300), 422)):
        image = SimpleUploadedFile("x.jpg", encoded(picture))
        answer = ada.post("/api/v1/characters", {"name": "cat", "image": image}, **header)
        assert answer.status_code == status
    assert answer.json()["code"] == "idempotency_mismatch"
    assert Cameo.objects.count() == 1


def test_a_lost_wake_up_is_made_up_for_and_a_failure_waits(ada, monkeypatch):
    make(ada)
    check_waiting_characters()
    assert Cameo.objects.get().state == "checking"  # it is not lost yet
    monkeypatch.setattr("cameos.services.faces.characters.WAKE_SECONDS", -1)

    def broken(**_):
        raise RuntimeError

    with monkeypatch.context() as patched:
        patched.setattr("cameos.services.faces.characters.shows_human_face", broken)
        check_waiting_characters()
    assert Cameo.objects.get().state == "checking"
    check_waiting_characters()
    assert Cameo.objects.get().state == "active"


def test_protecting_a_face_begins_an_enrolment_and_ends_by_its_owner_alone(
    ada, client_of, make_user
):
    text = current_text()
    body = {"consent_version": text.version, "purposes": ["likeness", "protect"]}
    answer = ada.post("/api/v1/protected-faces", body, format="json")
    assert answer.status_code == 201, answer.json()
    assert Enrolment.objects.get().kind == answer.json()["kind"] == "protected"
    assert ada.get("/api/v1/protected-faces").json() == {"items": []}
    face = register(ada.user, collins_template(), kind="protected")
    (item,) = ada.get("/api/v1/protected-faces").json()["items"]
    assert item["id"] == str(face.pk)
    path = f"/api/v1/protected-faces/{face.pk}"
    assert client_of(make_user("bob")).delete(path).status_code == 404
    assert ada.delete(path).status_code == 204
    assert ada.delete(path).json()["code"] == "protected_face_not_found"
    assert not Likeness.objects.exists()
    assert ada.get("/api/v1/protected-faces").json() == {"items": []}
