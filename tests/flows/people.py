"""People who use a running instance over HTTP, as a foreign client would."""

from __future__ import annotations

import json
import re
import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import httpx

from perception.liveness import Challenge

PASSWORD = "correct horse battery staple"
ENROLMENT_SECONDS_MAX = 180
JOB_SECONDS_MAX = 400  # a busy two-core machine that compiles first; a clip takes about ten


@dataclass
class Person:
    """Somebody who signed up on the instance."""

    username: str
    http: httpx.Client
    refresh_token: str = ""

    def stay_signed_in(self) -> None:
        """Take a new access token: one lasts for ten minutes."""
        answer = self.http.post(
            "/_allauth/app/v1/tokens/refresh", json={"refresh_token": self.refresh_token}
        )
        made = _json(answer)["data"]
        self.refresh_token = made.get("refresh_token", self.refresh_token)
        self.http.headers["Authorization"] = f"Bearer {made['access_token']}"

    def get(self, path: str, **params: Any) -> Any:
        """Return the JSON of a GET that succeeds."""
        return _json(self.http.get(path, params=params))

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        """Return the JSON of a POST that succeeds."""
        return _json(self.http.post(path, json=body or {}, headers=headers))

    def put(self, path: str) -> None:
        """Do a PUT that succeeds."""
        self.http.put(path).raise_for_status()

    def delete(self, path: str) -> None:
        """Do a DELETE that succeeds."""
        self.http.delete(path).raise_for_status()

    def generate(self, prompt: str, *, seconds: int = 2, **fields: Any) -> dict[str, Any]:
        """Ask for a clip and return the job as accepted."""
        body = {"prompt": prompt, "seconds": seconds, "size": "360x640", **fields}
        key = secrets.token_hex(8)
        return self.post("/api/v1/generations", body, **{"Idempotency-Key": key})

    def media(self, url: str, **headers: str) -> httpx.Response:
        """Fetch a file as a player does."""
        answer = self.http.get(urljoin(str(self.http.base_url), url), headers=headers)
        answer.raise_for_status()
        return answer

    def verify(self, data: bytes, name: str) -> Any:
        """Ask whether a file was made here."""
        return _json(self.http.post("/api/v1/verify", files={"file": (name, data)}))

    def wait_for(self, job: dict[str, Any]) -> dict[str, Any]:
        """Poll until the job is at its end; a server that restarts meanwhile is waited for."""
        deadline = time.monotonic() + JOB_SECONDS_MAX
        while time.monotonic() < deadline:
            try:
                answer = self.http.get(f"/api/v1/generations/{job['id']}")
            except httpx.TransportError:
                time.sleep(0.2)
                continue
            if answer.status_code == 200 and answer.json()["state"] not in UNFINISHED:
                return answer.json()
            time.sleep(0.2)
        raise AssertionError(f"job {job['id']} did not end: {answer.text}")

    def enrol(self, capture: Callable[[Challenge], Path]) -> dict[str, Any]:
        """Enrol a face with the capture that answers the challenge; return the enrolment's end."""
        text = self.get("/api/v1/cameos/consent")
        body = {"consent_version": text["version"], "purposes": ["likeness"]}
        begun = self.post("/api/v1/cameos/enrolments", body)
        asked = begun["challenge"]
        film = capture(Challenge(tuple(asked["digits"]), tuple(asked["turns"]))).read_bytes()
        half = len(film) // 2
        for start, part in ((0, film[:half]), (half, film[half:])):
            headers = {
                "Tus-Resumable": "1.0.0",
                "Upload-Offset": str(start),
                "Upload-Length": str(len(film)),
                "Content-Type": "application/offset+octet-stream",
            }
            url = begun["upload"]["url"]
            self.http.patch(url, content=part, headers=headers).raise_for_status()
        path = f"/api/v1/cameos/enrolments/{begun['id']}"
        now = self.post(f"{path}/submit")
        deadline = time.monotonic() + ENROLMENT_SECONDS_MAX
        while now["state"] == "verifying" and time.monotonic() < deadline:
            time.sleep(0.3)
            now = self.get(path)
        return now

    def events(self, *, after: str = "0") -> Iterator[tuple[str, str, Any]]:
        """Yield (id, type, data) of the event stream from `after` on, until the caller stops."""
        headers = {"Accept": "text/event-stream", "Last-Event-ID": after}
        with self.http.stream("GET", "/api/v1/events", headers=headers, timeout=60) as stream:
            stream.raise_for_status()
            event: dict[str, str] = {}
            for line in stream.iter_lines():
                if line.startswith(":"):
                    continue
                if line:
                    name, _, value = line.partition(": ")
                    event[name] = value
                elif event:
                    yield event.get("id", ""), event["event"], json.loads(event["data"])
                    event = {}


UNFINISHED = {"awaiting_consent", "queued", "rendering", "finishing"}


def sign_up(base_url: str, *, invite: str, username: str | None = None) -> Person:
    """Join the instance with an invite code and return the person, signed in."""
    username = username or f"p{secrets.token_hex(5)}"
    http = httpx.Client(base_url=base_url, timeout=30)
    answer = http.post(
        "/_allauth/app/v1/auth/signup",
        json={
            "email": f"{username}@example.org",
            "username": username,
            "password": PASSWORD,
            "invite_code": invite,
            "birth_date": "1990-01-31",
        },
    )
    tokens = _json(answer)["meta"]
    http.headers["Authorization"] = f"Bearer {tokens['access_token']}"
    return Person(username, http, tokens["refresh_token"])


@dataclass
class Moderator:
    """Somebody at the moderators' desk, with a browser's cookies and forms."""

    http: httpx.Client

    def decide(self, clip_id: str, *, action: str, reason: str) -> None:
        """Find the clip's case in the queue and decide it as the page's form does."""
        found = self.http.get("/admin/moderation/case/", params={"q": clip_id, "state": "all"})
        path = re.search(r"/admin/moderation/case/[0-9a-f-]{36}/change/", found.text)
        assert path is not None, found.text
        self._submit(path[0], action=action, reason=reason)

    def sign_in(self, username: str) -> None:
        """Log in on the admin's own page."""
        self._submit("/admin/login/?next=/admin/", username=username, password=PASSWORD)

    def _submit(self, path: str, **fields: str) -> None:
        self.http.get(path).raise_for_status()
        fields["csrfmiddlewaretoken"] = self.http.cookies["csrftoken"]
        answer = self.http.post(path, data=fields)
        assert answer.status_code == httpx.codes.FOUND, answer.text  # a shown form is a refused one


def _json(answer: httpx.Response) -> Any:
    assert answer.is_success, f"{answer.request.method} {answer.url}: {answer.text}"
    return answer.json() if answer.content else None
