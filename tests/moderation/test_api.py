from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from moderation.models import Case, Report
from moderation.services import decide, report
from tests.clips import make_clip, make_draft


def body(clip_id, reason="spam", **more):
    return {"subject": {"kind": "clip", "id": str(clip_id)}, "reason": reason, **more}


def test_a_report_is_accepted_and_the_clip_leaves_the_feed(make_user, client_of):
    clip, client = make_clip(make_user("author")), client_of(make_user("reporter"))
    answer = client.post("/api/v1/reports", body(clip.pk, text="an advert"), format="json")
    assert answer.status_code == 202
    made = Report.objects.get()
    assert answer.json() == {
        "id": str(made.pk),
        "subject": {"kind": "clip", "id": str(clip.pk)},
        "reason": "spam",
        "created_at": made.created_at.isoformat().replace("+00:00", "Z"),
    }
    assert client.get("/api/v1/feed").json()["items"] == []
    assert client.get(f"/api/v1/clips/{clip.pk}").status_code == 404


def test_a_repeated_key_makes_one_report_and_one_answer(make_user, client_of):
    clip, client = make_clip(make_user("author")), client_of(make_user("reporter"))
    answers = [
        client.post(
            "/api/v1/reports", body(clip.pk), format="json", headers={"Idempotency-Key": "k1"}
        )
        for _ in range(2)
    ]
    assert [a.status_code for a in answers] == [202, 202]
    assert answers[0].json() == answers[1].json()
    assert Report.objects.count() == 1


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"reason": "ugly"}, "reason"),
        ({"reason": None}, "reason"),
        ({"text": "x" * 1001}, "text"),
        ({"text": "nul\0byte"}, "text"),
        ({"subject": {"kind": "user", "id": str(uuid4())}}, "subject.kind"),
        ({"subject": {"kind": "clip", "id": "7"}}, "subject.id"),
        ({"subject": "clip"}, "subject"),
        ({"subject": None}, "subject"),
    ],
)
def test_a_malformed_report_names_the_field_and_stores_nothing(change, field, make_user, client_of):
    clip = make_clip(make_user("author"))
    answer = client_of(make_user("reporter")).post(
        "/api/v1/reports", body(clip.pk) | change, format="json"
    )
    assert answer.status_code == 422
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "invalid"
    assert [error["field"] for error in answer.json()["errors"]] == [field]
    assert not Case.objects.exists()


@pytest.mark.parametrize(
    ("who", "status", "code"),
    [
        ("stranger", 401, "not_authenticated"),
        ("suspended", 403, "account_suspended"),
        ("author", 403, "own_clip"),
        ("user", 404, "clip_not_found"),
    ],
)
def test_who_may_not_report_changes_nothing(  # noqa: PLR0917
    who, status, code, make_user, client_of, api, suspended_user
):
    author = make_user("author")
    clip = make_draft(author)
    client = {
        "stranger": lambda: api,
        "suspended": lambda: client_of(suspended_user),
        "author": lambda: client_of(author),
        "user": lambda: client_of(make_user("somebody")),
    }[who]()
    answer = client.post("/api/v1/reports", body(clip.pk), format="json")
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert not Report.objects.exists()
    assert not Case.objects.exists()


def test_the_author_reads_decisions_newest_first_and_page_by_page(
    make_user, make_moderator, client_of
):
    author, moderator = make_user("author"), make_moderator()
    clip = make_clip(author)
    case = report(clip_id=clip.pk, by=make_user("reporter"), reason="hate").case
    decide(case_id=case.pk, by=moderator, action="hide", reason="Rude.")
    decide(case_id=case.pk, by=moderator, action="restore", reason="Not so rude.")
    client = client_of(author)
    first = client.get("/api/v1/me/moderation?limit=1").json()
    second = client.get(f"/api/v1/me/moderation?limit=1&cursor={first['next']}").json()
    assert second["next"] is None
    items = first["items"] + second["items"]
    assert [(i["action"], i["reason"]) for i in items] == [
        ("restore", "Not so rude."),
        ("hide", "Rude."),
    ]
    assert items[0]["subject"] == {"kind": "clip", "id": str(clip.pk)}
    assert items[0]["is_automated"] is False
    assert items[0]["redress"]
    assert "moderator" not in str(items)
    assert "reporter" not in str(items)


@pytest.mark.parametrize("who", ["reporter", "other", "suspended_author"])
def test_statements_are_for_the_author_alone(who, make_user, make_moderator, client_of):
    author, reporter = make_user("author"), make_user("reporter")
    case = report(clip_id=make_clip(author).pk, by=reporter, reason="hate").case
    decide(case_id=case.pk, by=make_moderator(), action="hide", reason="Rude.")
    if who == "suspended_author":  # may read on
        author.suspended_until = timezone.now() + timedelta(days=1)
        author.save(update_fields=["suspended_until"])
        assert len(client_of(author).get("/api/v1/me/moderation").json()["items"]) == 1
    else:
        user = reporter if who == "reporter" else make_user("other")
        assert client_of(user).get("/api/v1/me/moderation").json() == {"items": [], "next": None}


def test_a_stranger_reads_no_statements(api):
    assert api.get("/api/v1/me/moderation").status_code == 401


def test_a_bad_cursor_is_told(make_user, client_of):
    answer = client_of(make_user("ada")).get("/api/v1/me/moderation?cursor=x")
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_cursor")
