"""Likenesses: folders of the test's own, people who enrol, and a check that needs no models."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest

from accounts.models import User
from cameos.custody import make_key
from cameos.models import Cameo, Enrolment
from cameos.policy.consent import current_text
from cameos.services.enrolment.verification import verify_enrolment
from core.ids import new_id
from perception.faces import Thresholds
from tests.fakes import liveness

PACK = "5" * 64
ENROLMENTS = "/api/v1/cameos/enrolments"
PURPOSES = {"person": ["likeness"], "protected": ["protect"]}
TUS = "application/offset+octet-stream"


@pytest.fixture(autouse=True)
def _folders(settings, tmp_path) -> None:
    settings.MEDIA_ROOT = str(tmp_path / "media")
    settings.WORK_DIR = tmp_path / "work"
    settings.RATE_LIMITS = False


@pytest.fixture(autouse=True)
def _fake_check(monkeypatch) -> None:
    """Let captures say what is in them, and PACK be the pack in use, whatever is installed."""
    monkeypatch.setattr("cameos.services.enrolment.verification.look", liveness.look)
    monkeypatch.setattr("cameos.services.likeness.current_pack", lambda: PACK)
    found = Thresholds(same_person=0.92, identify=0.96, maybe=0.94, detect=0.6)
    monkeypatch.setattr("cameos.services.enrolment.outcome.thresholds", lambda: found)


@pytest.fixture
def subject(db):
    """The id of a subject with a data key."""
    subject_id = new_id()
    make_key(subject_id)
    return subject_id


@pytest.fixture
def make_cameo(make_user) -> Callable[..., Cameo]:
    """Return a function that makes active cameos without a likeness: `make_cameo("ada")`."""

    def make(username: str = "ada", **fields) -> Cameo:
        given = {"kind": "person", "handle": username} | fields
        return Cameo.objects.create(owner=make_user(username), **given)

    return make


@dataclass
class Person:
    """Somebody who enrols through the API."""

    user: User
    client: Any
    commit: Callable[..., Any]

    def begin(self, *, kind: str = "person", **change):
        body = {"consent_version": current_text().version, "purposes": PURPOSES[kind], "kind": kind}
        return self.client.post(ENROLMENTS, body | change, format="json")

    def begun(self, **change) -> Enrolment:
        answer = self.begin(**change)
        assert answer.status_code == 201, answer.content
        return Enrolment.objects.get(pk=answer.json()["id"])

    def send(self, enrolment, data: bytes, *, offset: int = 0, total: int | None = None, **headers):
        given = {"HTTP_UPLOAD_OFFSET": str(offset), "HTTP_TUS_RESUMABLE": "1.0.0"}
        if total is not None:
            given["HTTP_UPLOAD_LENGTH"] = str(total)
        given |= {"content_type": TUS, **headers}
        return self.client.generic("PATCH", self.url(enrolment), data, **given)

    def put(self, enrolment, data: bytes, content_type: str = "video/mp4", **headers):
        return self.client.generic(
            "PUT", self.url(enrolment), data, content_type=content_type, **headers
        )

    def url(self, enrolment) -> str:
        return f"{ENROLMENTS}/{enrolment.pk}/capture"

    def submit(self, enrolment):
        return self.client.post(f"{ENROLMENTS}/{enrolment.pk}/submit")

    def cancel(self, enrolment):
        with self.commit():
            return self.client.delete(f"{ENROLMENTS}/{enrolment.pk}")

    def submitted(self, *, face: int, kind: str = "person", begin: dict | None = None, **what):
        """Return an enrolment whose capture of this face is uploaded and submitted."""
        enrolment = self.begun(kind=kind, **begin or {})
        told = {"digits": enrolment.digits, "turns": enrolment.turns, "salt": str(enrolment.pk)}
        sent = self.put(enrolment, liveness.capture(face=face, **told | what))
        assert sent.status_code == 204, sent.content
        answer = self.submit(enrolment)
        assert answer.status_code == 202, answer.content
        return enrolment

    def enrol(self, *, face: int, kind: str = "person", begin: dict | None = None, **what):
        """Return an enrolment of this face that a worker has looked at."""
        enrolment = self.submitted(face=face, kind=kind, begin=begin, **what)
        self.verify(enrolment)
        enrolment.refresh_from_db()
        return enrolment

    def verify(self, enrolment) -> None:
        """Have a worker look, and do what is to be done after its commits."""
        with self.commit():
            verify_enrolment(enrolment_id=enrolment.pk)

    def shown(self, enrolment) -> dict[str, Any]:
        return self.client.get(f"{ENROLMENTS}/{enrolment.pk}").json()


@pytest.fixture
def person(make_user, client_of, request) -> Callable[..., Person]:
    """Return a function that makes adults with an API client: `person("ada")`."""
    is_transactional = request.node.get_closest_marker("django_db") is not None and (
        request.node.get_closest_marker("django_db").kwargs.get("transaction", False)
    )

    def make(username: str = "ada", **fields) -> Person:
        user = make_user(username, **{"birth_date": date(1990, 1, 1)} | fields)
        return Person(user, client_of(user), _at_once if is_transactional else committing)

    if is_transactional:
        return make
    capture = request.getfixturevalue("django_capture_on_commit_callbacks")

    def committing():
        return capture(execute=True)

    return make


class _at_once:  # noqa: N801 - a context manager
    """Commits are real here."""

    def __enter__(self) -> None:
        """Do nothing."""

    def __exit__(self, *error: object) -> None:
        """Do nothing."""


@pytest.fixture
def ada(person) -> Person:
    return person("ada")


@pytest.fixture
def bob(person) -> Person:
    return person("bob")
