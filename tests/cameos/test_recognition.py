"""Registered faces: found in films, told to their owners, gone when their registration ends."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest
from django.conf import settings
from django.core.management import call_command
from django.db.models.functions import Now
from PIL import Image

from cameos.errors import (
    DoubtSettled,
    LikenessInDoubt,
    LikenessWithoutConsent,
    ListedFaceNotFound,
    PictureWithoutFace,
    ProtectedFaceNotFound,
)
from cameos.models import Cameo, CameoUse, ConsentEntry, DataKey, Likeness, LikenessDoubt
from cameos.selectors import faces_waiting, listed_faces, names_listed_in
from cameos.services import (
    check_faces,
    end_protection,
    ensure_no_doubt,
    is_in_doubt,
    list_face,
    settle_doubt,
    unlist_face,
    who_is,
)
from cameos.services.faces import recognition
from core.errors import Forbidden
from core.ids import new_id
from notifications.models import Event
from tests.cameos.faces import (
    between,
    collins,
    collins_template,
    encoded,
    film,
    hopper,
    hopper_template,
    landscape,
    placed,
    register,
)
from tests.clips import make_draft

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _nobody_is_remembered():
    recognition.forget_faces()


@pytest.fixture
def opened(monkeypatch):
    """Which templates are opened, call by call."""
    calls = []

    def spy(**wanted):
        found = list(open_templates(**wanted))
        calls.append({cameo_id for cameo_id, *_ in found})
        return iter(found)

    open_templates = recognition.open_templates
    monkeypatch.setattr(recognition, "open_templates", spy)
    return calls


def test_it_knows_who_is_enrolled_protected_or_listed(make_user):
    ada, bob = make_user("ada"), make_user("bob")
    enrolled = register(ada, collins_template())
    protected = register(bob, hopper_template(), kind="protected")
    (match,) = who_is(collins_template())
    assert (match.cameo_id, match.owner_id, match.kind) == (enrolled.pk, ada.pk, "person")
    assert match.similarity == pytest.approx(1, abs=1e-5)
    assert [m.cameo_id for m in who_is(hopper_template())] == [protected.pk]
    assert who_is(between(collins_template(), -hopper_template(), 0.8)) == ()


def test_only_what_changed_is_opened_again(make_user, opened):
    first = register(make_user(), collins_template())
    who_is(collins_template())
    who_is(collins_template())
    assert opened == [{first.pk}]
    Likeness.objects.update(updated_at=Now() - timedelta(hours=1))
    lately = register(make_user(), collins_template())
    recognition.forget_faces()
    who_is(collins_template())
    new = register(make_user(), hopper_template())
    assert [m.cameo_id for m in who_is(hopper_template())] == [new.pk]
    assert opened[2:] == [{lately.pk, new.pk}]


def test_what_was_deleted_with_its_account_is_nobody(make_user):
    cameo = register(make_user(), collins_template())
    who_is(collins_template())
    other = register(make_user(), hopper_template())
    Likeness.objects.filter(pk=other.pk).delete()
    cameo.delete()
    assert who_is(collins_template()) == ()
    assert who_is(hopper_template()) == ()


def test_what_ended_leaves_the_memory_and_is_nobody_at_once(make_user, monkeypatch):
    ada = make_user("ada")
    mine = register(ada, collins_template(), kind="protected")
    register(make_user(), hopper_template())
    assert len(who_is(collins_template())) == 1
    end_protection(protected_id=mine.pk, by=ada.pk)
    # Even where the memory lags behind, the database has the last word.
    lagging = recognition.known_faces
    known = recognition._memory.known
    monkeypatch.setattr(recognition, "known_faces", lambda: known)
    assert mine.pk in known.ids
    assert who_is(collins_template()) == ()
    monkeypatch.setattr(recognition, "known_faces", lagging)
    assert who_is(collins_template()) == ()
    assert mine.pk not in recognition._memory.known.ids
    with pytest.raises(ProtectedFaceNotFound):
        end_protection(protected_id=mine.pk, by=ada.pk)
    assert not DataKey.objects.filter(subject_id=mine.pk).exists()
    assert not Likeness.objects.filter(pk=mine.pk).exists()
    events = ConsentEntry.objects.filter(subject_id=mine.pk).order_by("sequence")
    assert list(events.values_list("event", flat=True)) == ["revoked", "key_shredded"]


def test_templates_of_another_pack_are_left_out_and_counted(make_user):
    register(make_user(), collins_template())
    Likeness.objects.update(pack_sha256="0" * 64)
    register(make_user(), hopper_template())
    assert who_is(collins_template()) == ()
    assert recognition.known_faces().left_out == 1


def test_a_film_of_a_stranger_is_refused_and_its_owner_told_once(make_user, tmp_path):
    ada, author = make_user("ada"), make_user("author")
    protected = register(ada, collins_template(), kind="protected")
    path = film(tmp_path / "film.mp4", [placed(None)] * 3 + [placed(collins())] + [placed(None)])
    clip_id = new_id()
    for _ in range(2):  # as after a crash
        with pytest.raises(LikenessWithoutConsent) as refused:
            check_faces(path=path, by=author.pk, cameo_ids=[], clip_id=clip_id)
    assert "ada" not in str(refused.value)
    assert refused.value.extra == {}
    event = Event.objects.get()
    assert (event.user_id, event.type) == (ada.pk, "likeness.found")
    at_seconds = event.data.pop("at_seconds")
    assert 1.5 <= at_seconds <= 2
    assert event.data == {"cameo": str(protected.pk), "kind": "protected"}
    use = CameoUse.objects.get()
    assert (use.cameo_id, use.clip_id, use.user_id) == (protected.pk, clip_id, author.pk)
    assert (use.gate, use.outcome, use.reason) == ("film", "denied", "likeness_found")


def test_who_agreed_may_be_shown_and_nobody_else(make_user, tmp_path):
    ada, bob = make_user("ada"), make_user("bob")
    hers = register(ada, collins_template())
    register(bob, hopper_template())
    path = film(tmp_path / "one.mp4", [placed(collins())] * 2)
    ask = {"path": path, "clip_id": new_id()}
    report = check_faces(by=bob.pk, cameo_ids=[hers.pk], **ask)
    assert (report.frames, report.faces, report.doubts) == (2, 2, ())
    check_faces(by=ada.pk, cameo_ids=[], **ask)  # her own face, of her own accord
    Cameo.objects.filter(pk=hers.pk).update(state="frozen")
    for by in (ada, bob):
        with pytest.raises(LikenessWithoutConsent):
            check_faces(by=by.pk, cameo_ids=[hers.pk], **ask)
    Cameo.objects.filter(pk=hers.pk).update(state="active")
    both = film(tmp_path / "both.mp4", [placed(collins()), placed(hopper())])
    with pytest.raises(LikenessWithoutConsent):
        check_faces(by=ada.pk, cameo_ids=[hers.pk], path=both, clip_id=new_id())


def test_an_operator_s_entry_is_shown_by_nobody(make_user, tmp_path):
    ada = make_user("ada")
    listed = list_face(name="Eileen Collins", picture=encoded(collins(), "PNG"))
    path = film(tmp_path / "film.mp4", [placed(collins())])
    with pytest.raises(LikenessWithoutConsent):
        check_faces(path=path, by=ada.pk, cameo_ids=[], clip_id=new_id())
    assert not Event.objects.exists()  # it is nobody's
    unlist_face(listed_id=listed.pk)
    check_faces(path=path, by=ada.pk, cameo_ids=[], clip_id=new_id())
    with pytest.raises(ListedFaceNotFound):
        unlist_face(listed_id=listed.pk)
    listed.refresh_from_db()
    assert listed.name == ""


def test_faces_too_small_to_tell_are_counted_and_pass(make_user, tmp_path):
    register(make_user(), collins_template(), kind="protected")
    path = film(tmp_path / "film.mp4", [placed(collins(), height=120)])
    report = check_faces(path=path, by=make_user().pk, cameo_ids=[], clip_id=new_id())
    assert (report.faces, report.too_small) == (0, 1)


def test_where_nobody_is_registered_nothing_is_decoded(tmp_path, make_user):
    report = check_faces(
        path=tmp_path / "no file", by=make_user().pk, cameo_ids=[], clip_id=new_id()
    )
    assert report.frames == 0


@pytest.fixture
def doubtful(make_user, tmp_path):
    """A clip with a face that may be @ada's, and its author."""
    maybe = recognition.thresholds()
    near = between(collins_template(), hopper_template(), (maybe.maybe + maybe.identify) / 2)
    register(make_user("ada"), near, kind="protected")
    author, clip_id = make_user("author"), new_id()
    path = film(tmp_path / "film.mp4", [placed(collins())] * 2)
    for _ in range(2):  # as after a crash
        report = check_faces(path=path, by=author.pk, cameo_ids=[], clip_id=clip_id)
    assert len(report.doubts) == 1
    return LikenessDoubt.objects.get()


def test_a_doubt_keeps_a_clip_from_others_until_a_moderator_clears_it(doubtful, make_moderator):
    assert not Event.objects.exists()
    with pytest.raises(LikenessInDoubt):
        ensure_no_doubt(clip_id=doubtful.clip_id)
    moderator = make_moderator()
    with pytest.raises(Forbidden):
        settle_doubt(doubt_id=doubtful.pk, by=doubtful.user, is_cleared=True)
    assert faces_waiting() == {"review": 0, "doubt": 1}
    settle_doubt(doubt_id=doubtful.pk, by=moderator, is_cleared=True)
    ensure_no_doubt(clip_id=doubtful.clip_id)
    assert faces_waiting() == {"review": 0, "doubt": 0}
    with pytest.raises(DoubtSettled):
        settle_doubt(doubt_id=doubtful.pk, by=moderator, is_cleared=False)
    event = Event.objects.get()
    assert (event.user_id, event.type) == (doubtful.user_id, "likeness.looked_at")


def test_a_doubt_that_proves_true_withdraws_the_clip_and_tells_the_owner(doubtful, make_moderator):
    settle_doubt(doubt_id=doubtful.pk, by=make_moderator(), is_cleared=False)
    assert is_in_doubt(doubtful.clip_id)
    told = Event.objects.filter(type="likeness.found").values_list("user__username", flat=True)
    assert list(told) == ["ada"]


def test_moderators_decide_on_their_page_and_others_do_not_see_it(doubtful, make_moderator, client):
    url = "/admin/cameos/likenessdoubt/"
    client.force_login(doubtful.user)
    assert client.get(url).status_code == 302
    assert client.get(f"/admin/moderation/case/clip/{doubtful.clip_id}/").status_code == 302
    client.force_login(make_moderator())
    page = client.get(url).content.decode()
    assert "@author" in page
    assert f"/admin/moderation/case/clip/{doubtful.clip_id}/" in page
    client.post(url, {"action": "clear", "_selected_action": [str(doubtful.pk)]})
    doubtful.refresh_from_db()
    assert (doubtful.is_cleared, doubtful.decided_by.username) == (True, "moderator")
    assert "@author" not in client.get(url).content.decode()


def test_moderators_can_watch_a_draft_in_doubt(make_user, make_moderator, client):
    draft = make_draft(make_user("author"))
    client.force_login(make_moderator())
    answer = client.get(f"/admin/moderation/case/clip/{draft.pk}/")
    assert b"".join(client.get(answer.url).streaming_content)
    assert client.get(f"/admin/moderation/case/clip/{new_id()}/").status_code == 404


def test_the_scene_engine_s_own_faces_are_nobody_s(make_user, tmp_path):
    for face in (collins_template(), hopper_template()):
        register(make_user(), face, kind="protected")
    with Image.open(settings.BASE_DIR / "docs/gallery/story-1-lost-ball.png") as drawn:
        frames = [np.asarray(drawn.convert("RGB").crop((0, 0, 1390, 1274)))]
    path = film(tmp_path / "film.mp4", frames)
    report = check_faces(path=path, by=make_user().pk, cameo_ids=[], clip_id=new_id())
    assert report.faces >= 3
    assert report.doubts == ()


NAMES = [
    ("a portrait of Zoë Müller-Lee, smiling", (14, 28)),
    ("ZOE MULLER LEE", (0, 14)),
    ("Zoe\u0301 Mu\u0308ller_Lee's dog", (0, 16)),
    ("Zoe Muller, Leeds", None),
    ("Zoes Muller Lee", None),
    ("zoe", None),
]


@pytest.mark.parametrize(("text", "span"), NAMES)
def test_names_of_listed_people_are_found_as_whole_words(db, text, span):
    Cameo.objects.create(kind="listed", name="Zoë Müller-Lee")
    Cameo.objects.create(kind="listed", name="")
    found = names_listed_in({"prompt": text})
    assert [tuple(one["span"]) for one in found] == ([span] if span else [])
    assert all(one["rule"] == "listed_person" and one["field"] == "prompt" for one in found)


def test_the_command_lists_adds_and_removes(tmp_path, capsys):
    pictures = [tmp_path / "one.jpg", tmp_path / "two.png"]
    pictures[0].write_bytes(encoded(collins()))
    pictures[1].write_bytes(encoded(hopper(), "PNG"))
    call_command("listed_faces", "list")
    assert capsys.readouterr().out == "Nobody is listed.\n"
    call_command("listed_faces", "add", *map(str, pictures), "--name", "Two people")
    ids = [str(entry.pk) for entry in listed_faces()]
    call_command("listed_faces", "list")
    assert capsys.readouterr().out.count("Two people") == 2
    call_command("listed_faces", "remove", ids[0])
    assert [str(entry.pk) for entry in listed_faces()] == ids[1:]


def test_a_picture_without_one_face_is_not_listed(db):
    both = placed(collins(), height=300, at=(0, 0)).copy()
    both[320:620, :272] = placed(hopper(), height=300, at=(0, 0))[:300, :272]
    for picture in (landscape(), both):
        with pytest.raises(PictureWithoutFace):
            list_face(name="Nobody", picture=encoded(picture))
    assert not Cameo.objects.exists()
