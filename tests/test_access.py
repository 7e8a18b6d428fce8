"""Who may do what: every route and method, for each kind of caller, in one table.

`owner` is @ada: the clips, the invite, the job, the enrolment and the ward, `other`, are hers. A
denied call changes nothing.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, timedelta

import pytest
from django.apps import apps
from django.db import transaction
from django.db.models.functions import Now
from django.urls import URLPattern, get_resolver
from django.utils import timezone

from accounts.services import answer_ward, ask_guardian, create_invite
from cameos.policy.consent import current_text
from cameos.services import issue_receipts, store_likeness
from cameos.services.enrolment.enrolments import begin_enrolment
from core.ids import new_id
from feed.services import hide_clip
from generation.models import Job, Upload
from notifications.services import create_webhook
from tests.cameos.terms import make_cameo, make_cosign, use
from tests.clips import make_clip, make_draft

TEEN = timedelta(days=15 * 366)
CALLERS = ("stranger", "owner", "other", "moderator", "suspended")

# Route and what it is filled with         stranger owner other moderator suspended
TABLE = """
GET    /                                        200 200 200 200 200
GET    /problems/{code}                         200 200 200 200 200
GET    /healthz                                 200 200 200 200 200
GET    /readyz                                  200 200 200 200 200
GET    /api/v1/config                           200 200 200 200 200
GET    /api/v1/schema                           200 200 200 200 200
GET    /api/v1/docs                             200 200 200 200 200
GET    /media/{grant}/{name}                    403 403 403 403 403
GET    /metrics                                 401 401 401 401 401
GET    /ops/                                    302 302 302 302 302
POST   /ops/actions/{action}                    302 302 302 302 302

GET    /api/v1/me                               401 200 200 200 200
PATCH  /api/v1/me                               401 200 200 200 403
DELETE /api/v1/me/sessions                      401 204 204 204 204
GET    /api/v1/me/guardians                     401 200 200 200 200
POST   /api/v1/me/guardians                     401 403 201 403 403
DELETE /api/v1/me/guardians/{ada}               401 404 204 404 404
GET    /api/v1/me/wards                         401 200 200 200 200
POST   /api/v1/me/wards/{ward}                  401 200 404 404 403
PATCH  /api/v1/me/wards/{ward}                  401 200 404 404 403
DELETE /api/v1/me/wards/{ward}                  401 204 404 404 404
GET    /api/v1/me/notifications                 401 200 200 200 200
GET    /api/v1/webhooks                         401 200 200 200 200
POST   /api/v1/webhooks                         401 201 201 201 403
GET    /api/v1/webhooks/{webhook}               401 200 404 404 404
PATCH  /api/v1/webhooks/{webhook}               401 200 404 404 403
DELETE /api/v1/webhooks/{webhook}               401 204 404 404 403
POST   /api/v1/webhooks/{webhook}/test          401 202 404 404 403
POST   /api/v1/webhooks/{webhook}/secret        401 200 404 404 403
GET    /api/v1/webhooks/{webhook}/deliveries    401 200 404 404 404
GET    /api/v1/me/moderation                    401 200 200 200 200
GET    /api/v1/invites                          401 200 200 200 200
POST   /api/v1/invites                          401 201 201 201 403
DELETE /api/v1/invites/{invite}                 401 204 404 404 403
POST   /api/v1/waitlist                         202 202 202 202 202
GET    /api/v1/users/{ada}                      401 200 200 200 200
GET    /api/v1/users/{ada}/clips                401 200 200 200 200
PUT    /api/v1/users/{ada}/follow               401 422 204 204 403
DELETE /api/v1/users/{ada}/follow               401 422 204 204 403
PUT    /api/v1/users/{ada}/block                401 422 204 204 403
DELETE /api/v1/users/{ada}/block                401 422 204 204 403
PUT    /api/v1/users/{ada}/mute                 401 422 204 204 403
DELETE /api/v1/users/{ada}/mute                 401 422 204 204 403

GET    /api/v1/credits                          401 200 200 200 200
GET    /api/v1/credits/history                  401 200 200 200 200
POST   /api/v1/credits/purchases                401 404 404 404 403
POST   /api/v1/credits/webhooks/{provider}      404 404 404 404 404
GET    /api/v1/plans                            200 200 200 200 200

GET    /api/v1/cameos                           401 200 200 200 200
GET    /api/v1/cameos/search                    401 200 200 200 200
GET    /api/v1/cameos/restrictions              200 200 200 200 200
GET    /api/v1/cameos/{ada}                     401 200 200 200 200
PATCH  /api/v1/cameos/{ada}                     401 200 404 404 403
DELETE /api/v1/cameos/{ada}                     401 204 404 404 404
GET    /api/v1/cameos/{ada}/portrait            401 200 404 404 404
POST   /api/v1/cameos/{ada}/revoke              401 200 404 404 404
GET    /api/v1/cameos/{ada}/access              401 200 404 404 404
PUT    /api/v1/cameos/{ada}/access/{ward}       401 204 404 404 403
DELETE /api/v1/cameos/{ada}/access/{ward}       401 204 404 404 403
GET    /api/v1/cameos/{ada}/uses                401 200 404 404 404
DELETE /api/v1/cameos/{ada}/uses/{clip}         401 204 404 404 404
GET    /api/v1/cameos/{ada}/receipts            401 200 404 404 404
GET    /api/v1/cosigns                          401 200 200 200 200
POST   /api/v1/cosigns/{cosign}                 401 200 404 404 403
GET    /api/v1/consents/keys                    200 200 200 200 200
GET    /api/v1/consents/{receipt}               200 200 200 200 200

GET    /api/v1/feed                             401 200 200 200 200
GET    /api/v1/drafts                           401 200 200 200 200
GET    /api/v1/clips/{clip}                     401 200 200 200 200
GET    /api/v1/clips/{draft}                    401 200 404 404 404
GET    /api/v1/clips/{hidden}                   401 200 404 404 404
PATCH  /api/v1/clips/{clip}                     401 200 403 403 403
PATCH  /api/v1/clips/{draft}                    401 200 404 404 403
DELETE /api/v1/clips/{clip}                     401 204 403 403 403
DELETE /api/v1/clips/{draft}                    401 204 404 404 403
POST   /api/v1/clips/{draft}/publish            401 200 404 404 403
POST   /api/v1/clips/{hidden}/publish           401 403 404 404 403
PUT    /api/v1/clips/{clip}/like                401 204 204 204 403
DELETE /api/v1/clips/{clip}/like                401 204 204 204 403
PUT    /api/v1/clips/{draft}/like               401 404 404 404 403
GET    /api/v1/clips/{clip}/download            401 302 302 302 302
GET    /api/v1/clips/{draft}/download           401 302 404 404 404
GET    /api/v1/clips/{clip}/credentials         200 200 200 200 200
GET    /api/v1/clips/{draft}/credentials        404 200 404 404 404
GET    /api/v1/clips/{clip}/lineage             401 200 200 200 200
GET    /api/v1/clips/{draft}/lineage            401 200 404 404 404
GET    /api/v1/clips/{clip}/remixes             401 200 200 200 200
GET    /api/v1/clips/{draft}/remixes            401 200 404 404 404

POST   /api/v1/reports                          401 403 202 202 403
POST   /api/v1/verify                           422 422 422 422 422

GET    /api/v1/cameos/consent                   200 200 200 200 200
GET    /api/v1/cameos/enrolments                401 200 200 200 200
POST   /api/v1/cameos/enrolments                401 409 403 403 403
GET    /api/v1/cameos/enrolments/{enrolment}    401 200 404 404 404
DELETE /api/v1/cameos/enrolments/{enrolment}    401 204 404 404 403
POST   /api/v1/cameos/enrolments/{enrolment}/submit   401 409 404 404 403
PUT    /api/v1/cameos/enrolments/{enrolment}/capture  401 415 404 404 403
PATCH  /api/v1/cameos/enrolments/{enrolment}/capture  401 415 404 404 403
POST   /api/v1/characters                       401 415 415 415 403
GET    /api/v1/protected-faces                  401 200 200 200 200
POST   /api/v1/protected-faces                  401 409 403 403 403
DELETE /api/v1/protected-faces/{protected}      401 204 404 404 404
POST   /api/v1/uploads                          401 415 415 415 403
GET    /api/v1/uploads/{upload}                 401 200 404 404 404
DELETE /api/v1/uploads/{upload}                 401 204 404 404 404

GET    /api/v1/engines                          401 200 200 200 200
GET    /api/v1/engines/{engine}/vocabulary      401 404 404 404 404
GET    /api/v1/generations                      401 200 200 200 200
POST   /api/v1/generations                      401 422 422 422 403
POST   /api/v1/generations/preflight            401 422 422 422 403
GET    /api/v1/generations/appeals              401 200 200 200 200
POST   /api/v1/generations/appeals              401 422 422 422 403
POST   /api/v1/generations/{job}/appeal         401 409 404 404 403
GET    /api/v1/generations/{job}                401 200 404 404 404
DELETE /api/v1/generations/{job}                401 200 404 404 403

POST   /_allauth/app/v1/auth/signup             400 400 400 400 400
GET    /_allauth/app/v1/auth/session            401 200 200 200 200
"""
BODIES = {
    "PATCH /api/v1/me": {"bio": "new"},
    "PATCH /api/v1/cameos/{ada}": {"is_paused": True},
    "PUT /api/v1/cameos/{ada}/access/{ward}": {"is_allowed": True},
    "POST /api/v1/cosigns/{cosign}": {"answer": "approve"},
    "PATCH /api/v1/clips/{clip}": {"caption": "new"},
    "PATCH /api/v1/clips/{draft}": {"caption": "new"},
    "POST /api/v1/me/guardians": {"username": "{ada}"},
    "POST /api/v1/me/wards/{ward}": {"accept": True},
    "PATCH /api/v1/me/wards/{ward}": {"may_enrol_cameo": True},
    "POST /api/v1/webhooks": {"url": "https://hooks.example.org/"},
    "PATCH /api/v1/webhooks/{webhook}": {"url": "https://b.example.org/"},
    "POST /api/v1/protected-faces": {
        "consent_version": "{consent}",
        "purposes": ["likeness", "protect"],
    },
    "POST /api/v1/cameos/enrolments": {
        "consent_version": "{consent}",
        "purposes": ["likeness"],
    },
    "POST /api/v1/waitlist": {"email": "new@example.org"},
    "POST /api/v1/credits/purchases": {"provider": "stripe", "receipt": "a word"},
    "POST /api/v1/reports": {"subject": {"kind": "clip", "id": "{clip}"}, "reason": "spam"},
}
# The rest of allauth and of Django's admin: theirs to test, but for what tests/accounts and
# tests/moderation hold of them.
OTHERS = ("_allauth/", "admin/")


@dataclass(frozen=True, slots=True)
class Row:
    route: str  # "GET /api/v1/clips/{clip}"
    statuses: dict[str, int]


def table():
    for line in TABLE.split("\n"):
        if line.strip():
            method, path, *statuses = line.split()
            by_caller = dict(zip(CALLERS, map(int, statuses), strict=True))
            yield Row(f"{method} {path}", by_caller)


@pytest.fixture
def clients(api, client_of, make_user, make_moderator, suspended_user):
    return {
        "stranger": api,
        "owner": client_of(make_user("ada", birth_date=date(1990, 1, 31))),
        "other": client_of(make_user("other", birth_date=timezone.now().date() - TEEN)),
        "moderator": client_of(make_moderator()),
        "suspended": client_of(suspended_user),
    }


@pytest.fixture
def things(clients, settings, tmp_path):
    """What the braces of the table stand for, all of it @ada's."""
    settings.RATE_LIMITS = False
    settings.MEDIA_ROOT = str(tmp_path)
    ada = apps.get_model("accounts", "User").objects.get(username="ada")
    other = apps.get_model("accounts", "User").objects.get(username="other")
    ask_guardian(ward=other, username="ada")
    answer_ward(guardian=ada, username="other", accept=True)
    hidden = make_clip(ada)
    hide_clip(clip_id=hidden.pk)
    job = Job.objects.create(
        user=ada,
        engine="scene",
        model="scene",
        engine_is_procedural=True,
        prompt="A ball.",
        seconds=1,
        size="360x640",
        seed=1,
        plan="free",
        cost_seconds=1.0,
        deadline_at=Now(),
    )
    cameo, clip = make_cameo(ada), make_clip(ada)
    store_likeness(cameo_id=cameo.pk, template=None, portrait=b"JPEG", pack_sha256="")
    use(cameo, other, clip_id=clip.pk)
    return {
        "ada": "ada",
        "ward": "other",
        "cosign": make_cosign(cameo, other, clip_id=new_id()).pk,
        "receipt": issue_receipts(clip_id=clip.pk, cameo_ids=[cameo.pk])[0],
        "clip": clip.pk,
        "draft": make_draft(ada).pk,
        "hidden": hidden.pk,
        "invite": create_invite(by=ada.pk)[0].pk,
        "job": job.pk,
        "consent": current_text().version,
        "enrolment": begin_enrolment(
            by=ada, consent_version=current_text().version, purposes=["likeness"]
        ).pk,
        "webhook": create_webhook(by=ada.pk, url="https://hooks.example.org/")[0].pk,
        "protected": make_cameo(ada, kind="protected", handle=None).pk,
        "upload": Upload.objects.create(user=ada, picture=b"x", width_px=9, height_px=9).pk,
        "code": "bad_cursor",
        "engine": "unheard-of",
        "provider": "stripe",
        "grant": "nobody-signed-this",
        "name": f"clips/{new_id()}/1/clip.mp4",
        "action": "replay-all",
    }


def filled(body, things):
    if isinstance(body, dict):
        return {key: filled(value, things) for key, value in body.items()}
    return body.format(**things) if isinstance(body, str) else body


def everything():
    """Every row of our own tables."""
    models = [
        model
        for app in (
            "accounts",
            "cameos",
            "core",
            "credits",
            "feed",
            "remix",
            "moderation",
            "generation",
            "notifications",
        )
        for model in apps.get_app_config(app).get_models()
    ]
    return {model.__name__: list(model.objects.order_by("pk").values()) for model in models}


def test_every_caller_gets_what_the_table_says(clients, things):
    before, wrong = everything(), []
    for row in table():
        for caller, client in clients.items():
            with transaction.atomic():
                status = call(client, row.route, things)
                if status != row.statuses[caller]:
                    wrong.append((row.route, caller, status))
                if status >= 400 and everything() != before:
                    wrong.append((row.route, caller, "changed something"))
                transaction.set_rollback(True)
    assert wrong == []


def call(client, route, things):
    method, path = route.split()
    body = json.dumps(filled(BODIES.get(route, {}), things))
    answer = client.generic(method, path.format(**things), body, content_type="application/json")
    if answer.streaming:
        b"".join(answer.streaming_content)  # read to its end, it closes its file
    return answer.status_code


def routes(patterns, prefix=""):
    for each in patterns:
        path = prefix + str(each.pattern)
        if path.startswith(OTHERS):
            continue
        if isinstance(each, URLPattern):
            yield path, each.callback
        else:
            yield from routes(each.url_patterns, path)


def shape(path):
    """Return a path with everything variable as `{}`."""
    return "/".join("{}" if part.startswith(("<", "{")) else part for part in path.split("/"))


def methods_of(callback):
    """Return the methods that a view answers; a plain function's is GET."""
    view = getattr(callback, "cls", None) or getattr(callback, "view_class", None)
    return {"get", "post", "put", "patch", "delete"} & set(dir(view)) if view else {"get"}


def test_every_route_and_method_has_a_row():
    rows = {(row.route.split()[0], shape(row.route.split()[1])) for row in table()}
    missing = [
        (method.upper(), path)
        for path, callback in routes(get_resolver().url_patterns)
        for method in methods_of(callback)
        if (method.upper(), "/" + shape(path)) not in rows
    ]
    assert missing == []


def test_no_row_is_of_a_route_that_is_gone():
    paths = {"/" + shape(path) for path, _ in routes(get_resolver().url_patterns)}
    gone = {
        row.route
        for row in table()
        if shape(row.route.split()[1]) not in paths and "/_allauth/" not in row.route
    }
    assert gone == set()
