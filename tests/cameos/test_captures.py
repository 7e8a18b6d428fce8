"""Synthetic captures through the API and the real check, each to its own outcome."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from cameos.models import Cameo, Enrolment
from cameos.services import likeness
from cameos.services.enrolment.verification import look as really_look
from perception.faces import read_pack
from perception.liveness import CaptureReport, Challenge, verify_capture
from tests import captures

Kind = Callable[..., Path]


def look_here(path: Path, enrolment: Enrolment) -> CaptureReport:
    """Look with the same check in this process: its models are loaded once for all tests."""
    told = {"digits": map(int, enrolment.digits), "turns": enrolment.turns.split(",")}
    return verify_capture(path, Challenge.of_json(told), pack=likeness.face_pack())


@pytest.fixture(autouse=True)
def _real_check(_fake_check, monkeypatch, settings):
    """Look with the real models; thresholds are the pack's own."""
    pack = read_pack(settings.FACE_PACK)
    monkeypatch.setattr("cameos.services.enrolment.verification.look", look_here)
    monkeypatch.setattr(likeness, "current_pack", lambda: pack.sha256)
    monkeypatch.setattr("cameos.services.enrolment.outcome.thresholds", lambda: pack.thresholds)


def hand_in(person, path: Path, *, challenge: Challenge = captures.CHALLENGE) -> Enrolment:
    """Return the enrolment that came of a capture made for this challenge."""
    enrolment = person.begun()
    Enrolment.objects.filter(pk=enrolment.pk).update(
        digits="".join(map(str, challenge.digits)), turns=",".join(challenge.turns)
    )
    kind = "video/webm" if path.suffix == ".webm" else "video/mp4"
    answer = person.put(enrolment, path.read_bytes(), kind)
    assert answer.status_code == 204, answer.content
    assert person.submit(enrolment).status_code == 202
    person.verify(enrolment)
    enrolment.refresh_from_db()
    return enrolment


@pytest.mark.slow
def test_the_genuine_one_becomes_a_cameo_and_is_good_once(ada, bob, monkeypatch):
    with monkeypatch.context() as sandboxed:
        sandboxed.setattr("cameos.services.enrolment.verification.look", really_look)
        enrolment = hand_in(ada, captures.genuine())
    assert (enrolment.state, enrolment.reasons) == ("verified", []), enrolment.facts
    portrait = likeness.open_portraits([Cameo.objects.get().pk])["ada"]
    assert portrait[:3] == b"\xff\xd8\xff"
    again = hand_in(ada, captures.genuine())
    assert again.reasons == ["replayed_capture"]
    assert hand_in(bob, captures.genuine()).reasons == ["replayed_capture"]
    # Another person, as genuine: not this account's.
    assert hand_in(ada, captures.other_person()).reasons == ["other_person"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        (captures.still, "still_face"),
        (captures.flat, "flat_face"),
        (captures.swapped, "face_changed"),
        (captures.two_faces, "two_faces"),
        (captures.wrong_digits, "wrong_digits"),
        (captures.wrong_order, "wrong_turns"),
        (captures.silent, "silent"),
        (captures.polyglot, "capture_unreadable"),
        (captures.truncated, "capture_unreadable"),
        (captures.declares_4_gb, "capture_unreadable"),
        (captures.hundred_megapixels, "capture_too_large"),
        (captures.audio_only, "no_picture"),
    ],
)
def test_any_other_is_refused_with_its_own_code(ada, kind: Kind, reason: str):
    enrolment = hand_in(ada, kind())
    assert enrolment.state == "refused"
    assert reason in enrolment.reasons, (enrolment.reasons, enrolment.facts)
    assert not Cameo.objects.exists()


@pytest.mark.parametrize("kind", [captures.picture, captures.web_page, captures.zip_bomb])
def test_what_is_no_video_is_refused_at_the_door(ada, kind: Kind):
    enrolment = ada.begun()
    answer = ada.put(enrolment, kind().read_bytes())
    assert (answer.status_code, answer.json()["code"]) == (415, "capture_type_refused")
