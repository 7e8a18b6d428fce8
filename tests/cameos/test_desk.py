"""Terms, lists and the desk over HTTP: what the owner may do, and what others see."""

from __future__ import annotations

import pytest
from django.utils import timezone

from accounts.services import answer_ward, ask_guardian, block, set_grant
from cameos.errors import FreezeNotPossible, FreezeNotYours, FreezeReasonRequired
from cameos.models import Cameo, ConsentEntry, Enrolment, WithdrawnUse
from cameos.services import (
    freeze,
    judge,
    pass_gate,
    set_access,
    store_likeness,
    unfreeze,
    verify_chain,
)
from core.ids import new_id
from notifications.selectors import events_of
from tests.cameos.terms import birthday, make_cameo, make_mutuals, put_on_list, use
from tests.racing import race

URL = "/api/v1/cameos/ada"


@pytest.fixture
def ada(make_user):
    return make_user("ada", birth_date=birthday(years=30))


@pytest.fixture
def ben(make_user):
    return make_user("ben")


@pytest.fixture
def me(client_of, ada):
    return client_of(ada)


def logged(cameo):
    rows = ConsentEntry.objects.filter(subject_id=cameo.pk).order_by("sequence")
    return [(row.event, row.data) for row in rows]


# --- terms


def test_a_change_of_terms_raises_the_version_and_is_logged_without_the_owners_words(ada, me):
    cameo = make_cameo(ada)
    body = {
        "audience": "mutuals",
        "ask_me": True,
        "restriction_tags": ["no_politics", "no_horror", "no_politics"],
        "restriction_text": "no clowns",
    }
    answer = me.patch(URL, body, format="json")
    assert answer.status_code == 200
    shown = answer.json()
    assert shown["terms_version"] == 2
    assert shown["restriction_tags"] == ["no_horror", "no_politics"]
    assert (shown["audience"], shown["ask_me"], shown["owner"]) == ("mutuals", True, "ada")
    ((event, data),) = logged(cameo)
    assert (event, data["terms_version"], data["audience"]) == ("terms_changed", 2, "mutuals")
    assert "clowns" not in str(data)
    assert len(data["restriction_text_sha256"]) == 64

    assert me.patch(URL, body, format="json").json()["terms_version"] == 2  # the same: no change
    assert me.patch(URL, {"name": "Countess"}, format="json").json()["terms_version"] == 2
    assert len(logged(cameo)) == 1
    assert verify_chain() is None


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ({"audience": "friends"}, "invalid", "audience"),
        ({"restriction_tags": ["no_fun"]}, "restriction_unknown", "restriction_tags"),
        ({"restriction_text": "only with a hat"}, "restriction_unknown", "restriction_text"),
        ({"restriction_text": "x" * 1_001}, "invalid", "restriction_text"),
        ({"voice_allowed": True}, "voice_not_consented", "voice_allowed"),
    ],
)
def test_terms_that_cannot_be_are_refused_and_change_nothing(ada, me, body, code, field):
    make_cameo(ada)
    answer = me.patch(URL, {"is_paused": True, **body}, format="json")
    assert answer.json()["code"] == code
    assert [each["field"].split(".")[0] for each in answer.json()["errors"]] == [field]
    cameo = Cameo.objects.get()
    assert (cameo.is_paused, cameo.terms_version) == (False, 1)


def test_the_voice_is_allowed_only_where_its_owner_agreed_to_that(ada, me):
    cameo = make_cameo(ada)
    Enrolment.objects.create(
        user=ada,
        state="verified",
        deadline_at=timezone.now(),
        consent_version="1",
        consent_sha256="0" * 64,
        purposes=["likeness", "voice"],
        digits="413",
        turns="left,right",
        challenge_expires_at=timezone.now(),
        cameo=cameo,
    )
    assert me.patch(URL, {"voice_allowed": True}, format="json").json()["voice_allowed"] is True


def test_a_guardian_who_takes_the_grant_back_pauses_the_face_and_only_a_grant_lets_it_go_on(
    make_user, client_of, ben
):
    teen = make_user("teen", birth_date=birthday(years=15))
    parent = make_user("parent", birth_date=birthday(years=45))
    ask_guardian(ward=teen, username="parent")
    answer_ward(guardian=parent, username="teen", accept=True)
    set_grant(guardian=parent, username="teen", may_enrol_cameo=True)
    face = make_cameo(teen)
    pet = make_cameo(teen, kind="character", handle="teen-rex")
    assert judge(by=ben.pk, cameo_ids=[face.pk], texts={})[0].outcome == "allowed"

    set_grant(guardian=parent, username="teen", may_enrol_cameo=False)
    face.refresh_from_db()
    pet.refresh_from_db()
    assert (face.is_paused, pet.is_paused) == (True, False)
    assert face.terms_version == 2
    assert logged(face)[-1][1]["because"] == "guardian"

    me = client_of(teen)
    answer = me.patch("/api/v1/cameos/teen", {"is_paused": False}, format="json")
    assert (answer.status_code, answer.json()["code"]) == (403, "likeness_not_granted")
    set_grant(guardian=parent, username="teen", may_enrol_cameo=True)
    face.refresh_from_db()
    assert face.is_paused  # going on is the teen's own act
    assert me.patch("/api/v1/cameos/teen", {"is_paused": False}, format="json").status_code == 200


# --- lists


def test_a_person_is_on_one_list_at_a_time_and_each_change_is_a_change_of_terms(ada, ben, me):
    cameo = make_cameo(ada, audience="approved")
    access = f"{URL}/access/ben"
    for is_allowed, outcome in ((True, "allowed"), (False, "denied")):
        for _ in range(2):
            put = me.put(access, {"is_allowed": is_allowed}, format="json")
            assert put.status_code == 204
        (judged,) = judge(by=ben.pk, cameo_ids=[cameo.pk], texts={})
        assert judged.outcome == outcome
        (item,) = me.get(f"{URL}/access").json()["items"]
        assert (item["username"], item["is_allowed"]) == ("ben", is_allowed)
    for _ in range(2):
        assert me.delete(access).status_code == 204
    assert me.get(f"{URL}/access").json()["items"] == []
    cameo.refresh_from_db()
    assert cameo.terms_version == 4
    assert [data.get("access") for _, data in logged(cameo)] == ["allowed", "denied", "removed"]
    assert str(ben.pk) not in str(logged(cameo))


def test_lists_take_no_strangers_and_not_the_owner(ada, ben, me):
    make_cameo(ada)
    put = {"is_allowed": True}
    assert me.put(f"{URL}/access/ada", put, format="json").json()["code"] == "not_to_yourself"
    assert me.put(f"{URL}/access/nobody1", put, format="json").status_code == 404
    block(blocker=ben, username="ada")
    assert me.put(f"{URL}/access/ben", put, format="json").status_code == 404


@pytest.mark.django_db(transaction=True)
def test_changes_at_once_each_get_a_version_of_their_own(make_user):
    ada = make_user("ada")
    cameo = make_cameo(ada)
    names = [make_user(f"friend{n}").username for n in range(6)]
    race(lambda n: set_access(handle="ada", by=ada, username=names[n], is_allowed=True), times=6)
    cameo.refresh_from_db()
    assert cameo.terms_version == 7
    assert sorted(data["terms_version"] for _, data in logged(cameo)) == list(range(2, 8))
    assert verify_chain() is None


# --- what others see


def test_search_offers_what_i_may_use_or_ask_for_and_nothing_else(ada, ben, make_user, client_of):
    def other(name, **fields):
        return make_cameo(make_user(name), **fields)

    make_cameo(ben, audience="only_me")
    other("open1")
    other("asks1", ask_me=True)
    friend = other("friend1", audience="mutuals")
    make_mutuals(friend.owner, ben)
    other("stranger1", audience="mutuals")
    put_on_list(other("listed1", audience="approved"), ben, is_allowed=True)
    put_on_list(other("denied1"), ben, is_allowed=False)
    put_on_list(other("onlyme1", audience="only_me"), ben, is_allowed=True)
    other("paused1", is_paused=True)
    other("frozen1", state="frozen")
    other("kept1", kind="protected", handle=None)
    block(blocker=other("blocker1").owner, username="ben")

    items = client_of(ben).get("/api/v1/cameos/search").json()["items"]
    assert {item["handle"]: item["usable"] for item in items} == {
        "ben": "yes",
        "open1": "yes",
        "asks1": "ask",
        "friend1": "yes",
        "listed1": "yes",
    }
    found = client_of(ben).get("/api/v1/cameos/search?q=@FRIEND").json()["items"]
    assert [item["handle"] for item in found] == ["friend1"]
    assert set(items[0]) == {"handle", "kind", "name", "owner", "usable", "reason"}


def test_others_see_whether_they_may_use_it_and_none_of_the_terms(ada, ben, client_of):
    make_cameo(ada, audience="mutuals", restriction_text="no clowns")
    card = client_of(ben).get(URL).json()
    assert card == {
        "handle": "ada",
        "kind": "person",
        "name": "Ada",
        "owner": "ada",
        "usable": "no",
        "reason": "not_in_audience",
    }
    assert client_of(ben).patch(URL, {"is_paused": True}, format="json").status_code == 404
    block(blocker=ada, username="ben")
    assert client_of(ben).get(URL).json()["code"] == "cameo_not_found"
    assert client_of(ben).get("/api/v1/cameos/nobody1").json()["code"] == "cameo_not_found"


def test_a_person_called_like_a_path_is_reached_with_an_at_sign(make_user, client_of, ben):
    make_cameo(make_user("search"))
    assert client_of(ben).get("/api/v1/cameos/@search").json()["owner"] == "search"


def test_the_portrait_is_its_owners_alone(ada, ben, me, client_of):
    cameo = make_cameo(ada)
    assert me.get(URL).json()["portrait_url"] is None
    assert me.get(f"{URL}/portrait").status_code == 404
    store_likeness(cameo_id=cameo.pk, template=None, portrait=b"\xff\xd8jpeg", pack_sha256="")
    assert me.get(URL).json()["portrait_url"] == f"{URL}/portrait"
    answer = me.get(f"{URL}/portrait")
    assert (answer.content, answer["Content-Type"]) == (b"\xff\xd8jpeg", "image/jpeg")
    assert answer["Cache-Control"] == "private, no-store"
    assert client_of(ben).get(f"{URL}/portrait").status_code == 404


def test_mine_lists_protected_faces_and_characters_too(ada, me):
    make_cameo(ada)
    make_cameo(ada, kind="character", handle="ada-rex", state="refused", refused_reason="face")
    make_cameo(ada, kind="protected", handle=None)
    items = me.get("/api/v1/cameos").json()["items"]
    assert {(item["kind"], item["handle"]) for item in items} == {
        ("person", "ada"),
        ("character", "ada-rex"),
        ("protected", None),
    }


def test_the_restrictions_are_told_to_anybody(api):
    told = api.get("/api/v1/cameos/restrictions").json()
    names = {item["name"]: item for item in told["items"]}
    assert names["no_swimwear"]["binds_picture"] is True
    assert names["no_politics"]["title"].startswith("No politics")
    assert told["text_max_characters"] == 1_000


# --- the desk


def test_the_desk_lists_each_clip_once_with_its_last_answer_and_refused_attempts(ada, ben, me):
    cameo = make_cameo(ada, restriction_tags=["no_politics"])
    clip_id, draft = new_id(), new_id()
    for gate in ("submit", "start", "publish"):
        pass_gate(by=ben.pk, cameo_ids=[cameo.pk], gate=gate, clip_id=clip_id)
    pass_gate(by=ben.pk, cameo_ids=[cameo.pk], gate="submit", clip_id=draft)
    attempt = use(
        cameo, ben, clip_id=None, outcome="denied", reason="restricted", rule="no_politics"
    )
    own = new_id()
    pass_gate(by=ada.pk, cameo_ids=[cameo.pk], gate="submit", clip_id=own)
    WithdrawnUse.objects.create(cameo=cameo, clip_id=draft)

    items = me.get(f"{URL}/uses").json()["items"]
    assert [item["id"] for item in items] == [
        str(each) for each in (own, attempt.pk, draft, clip_id)
    ]
    assert items[3]["gates"] == ["submit", "start", "publish"]
    assert (items[3]["by"], items[3]["outcome"], items[3]["clip"]) == (
        "ben",
        "allowed",
        str(clip_id),
    )
    assert (items[1]["clip"], items[1]["rule"], items[1]["outcome"]) == (
        None,
        "no_politics",
        "denied",
    )
    assert [item["is_withdrawn"] for item in items] == [False, False, True, False]
    assert items[0]["reason"] == "owner"


def test_the_desk_is_paged_without_repeating_or_skipping_while_gates_go_on(ada, ben, me):
    cameo = make_cameo(ada)
    clips = [new_id() for _ in range(5)]
    for clip_id in clips:
        use(cameo, ben, clip_id=clip_id)
    seen, cursor = [], ""
    while cursor is not None:
        page = me.get(f"{URL}/uses?limit=2{cursor and f'&cursor={cursor}'}").json()
        seen += [item["clip"] for item in page["items"]]
        use(cameo, ben, clip_id=clips[0], gate="start")  # an old clip goes on meanwhile
        cursor = page["next"]
    assert seen == [str(clip_id) for clip_id in reversed(clips)]


def test_nobody_but_the_owner_sees_the_desk(ada, ben, client_of):
    make_cameo(ada)
    other = client_of(ben)
    for path in ("uses", "access", "receipts", "portrait"):
        assert other.get(f"{URL}/{path}").status_code == 404
    assert other.delete(f"{URL}/uses/{new_id()}").status_code == 404
    assert other.post(f"{URL}/revoke").status_code == 404
    assert other.delete(URL).status_code == 404


# --- moderators


def test_a_freeze_stops_all_use_and_tells_the_owner_why_until_it_is_lifted(
    ada, ben, make_moderator, me
):
    cameo, moderator = make_cameo(ada), make_moderator()
    freeze(cameo_id=cameo.pk, by=moderator, reason="Reported as somebody else's face.")
    for user in (ada, ben):
        assert judge(by=user.pk, cameo_ids=[cameo.pk], texts={})[0].reason == "frozen"
    assert me.get(URL).json()["frozen_reason"] == "Reported as somebody else's face."
    with pytest.raises(FreezeNotPossible):
        freeze(cameo_id=cameo.pk, by=moderator, reason="Again.")
    unfreeze(cameo_id=cameo.pk, by=moderator, reason="It is hers.")
    assert judge(by=ben.pk, cameo_ids=[cameo.pk], texts={})[0].outcome == "allowed"
    assert me.get(URL).json()["frozen_reason"] == ""
    told = events_of(ada.pk).filter(type__startswith="cameo.").order_by("sequence")
    assert [event.type for event in told] == ["cameo.frozen", "cameo.unfrozen"]
    assert [event for event, _ in logged(cameo)] == ["frozen", "unfrozen"]


def test_only_moderators_freeze_never_their_own_and_never_without_a_reason(
    ada, ben, make_moderator
):
    moderator = make_moderator()
    cameo, own = make_cameo(ada), make_cameo(moderator)
    with pytest.raises(FreezeNotYours):
        freeze(cameo_id=cameo.pk, by=ben, reason="I say so.")
    with pytest.raises(FreezeNotYours):
        freeze(cameo_id=own.pk, by=moderator, reason="Mine.")
    for reason in ("", "  ", "x" * 501):
        with pytest.raises(FreezeReasonRequired):
            freeze(cameo_id=cameo.pk, by=moderator, reason=reason)
    with pytest.raises(FreezeNotPossible):
        unfreeze(cameo_id=cameo.pk, by=moderator, reason="It is not frozen.")
    assert set(Cameo.objects.values_list("state", flat=True)) == {"active"}


def test_the_moderators_page_freezes_with_a_reason(ada, make_moderator, client):
    cameo, moderator = make_cameo(ada), make_moderator()
    client.force_login(moderator, backend="allauth.account.auth_backends.AuthenticationBackend")
    url = f"/admin/cameos/cameo/{cameo.pk}/change/"
    page = client.get(url)
    assert "Freeze" in page.content.decode()
    assert client.post(url, {"reason": ""}).status_code == 200
    assert client.post(url, {"reason": "Reported."}).status_code == 302
    cameo.refresh_from_db()
    assert (cameo.state, cameo.frozen_reason) == ("frozen", "Reported.")
