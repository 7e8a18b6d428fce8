"""The page and its buttons: what they do, what they say, and what they leave behind."""

from __future__ import annotations

import re
import uuid

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.messages import get_messages
from django.db import connection

from core.middleware import content_security_policy
from core.switches import is_thrown, switch_changes, throw_switch
from generation.engines.breaker import drain, state_of
from generation.models import Job, WorkPace
from ops.selectors.page import TRAIL
from ops.services import ACTIONS


@pytest.fixture
def operator(site):
    return site("operator")


def press(client, action, **fields):
    """Press a button; return the level and the words of what it says at last."""
    answer = client.post(f"/ops/actions/{action}", fields)
    assert answer.status_code == 302
    *_, message = get_messages(answer.wsgi_request)
    return message.level_tag, str(message)


def trail():
    return [(line.object_repr, line.change_message) for line in LogEntry.objects.all()]


@pytest.fixture
def counted(monkeypatch):
    """Count the calls of every service that the buttons call."""
    calls = []
    for name in ("drain_engine", "resume_engine", "throw_switch", "release_switch", "replay",
                 "replay_all", "dismiss", "reconcile"):  # fmt: skip
        service = getattr(__import__("ops.services", fromlist=[name]), name)

        def call(*, _name=name, _service=service, **given):
            calls.append(_name)
            return _service(**given)

        monkeypatch.setattr(f"ops.services.{name}", call)
    return calls


@pytest.mark.parametrize(
    ("action", "fields", "service", "says"),
    [
        ("drain", {"on": "scene"}, "drain_engine", "scene gets no more jobs"),
        ("resume", {"on": "scene"}, "resume_engine", "scene gets jobs again."),
        ("freeze", {"on": "scene", "reason": "hot"}, "throw_switch", "scene is frozen: hot"),
        ("unfreeze", {"on": "scene"}, "release_switch", "scene was not frozen."),
        ("throw", {"on": "sign_up", "reason": "spam"}, "throw_switch", "is thrown: spam"),
        ("release", {"on": "sign_up"}, "release_switch", "was released already."),
        ("replay-all", {}, "replay_all", "0 jobs are queued again."),
        ("reconcile", {}, "reconcile", "The books add up."),
    ],
)
def test_a_button_calls_one_service_once_and_leaves_a_line(
    action, fields, service, says, operator, counted
):
    level, text = press(operator, action, **fields)
    assert (level, counted) == ("success", [service])
    assert says in text
    (line,) = LogEntry.objects.all()
    assert (line.user.username, line.object_id) == ("the_operator", TRAIL)
    assert line.change_message == text
    assert text.replace('"', "&quot;") in operator.get("/ops/").content.decode()


def test_the_failures_buttons_replay_or_put_aside_one_job(
    operator, busy, counted, monkeypatch, make_job
):
    queued_again = make_job(asked=0)
    monkeypatch.setattr("generation.services.dead_letters.admit", lambda **_: None)
    monkeypatch.setattr("generation.services.dead_letters.enqueue", lambda _: queued_again)
    first, second = busy
    assert press(operator, "replay", on=first.pk) == (
        "success",
        f"Queued again as {queued_again.pk}.",
    )
    assert press(operator, "dismiss", on=second.pk) == ("success", "Put aside.")
    assert counted == ["replay", "dismiss"]
    assert not Job.objects.dead_letters().exists()
    late = press(operator, "dismiss", on=second.pk)
    assert late == ("error", "There is no such failed job that waits for an operator.")
    assert len(trail()) == 2


def test_replay_all_says_what_was_queued_and_what_was_not(operator, busy, monkeypatch, make_job):
    from generation.errors import QueueFull  # noqa: PLC0415

    queued_again, answers = make_job(asked=0), iter([None, QueueFull()])

    def enqueue(_):
        error = next(answers)
        if error:
            raise error
        return queued_again

    monkeypatch.setattr("generation.services.dead_letters.admit", lambda **_: None)
    monkeypatch.setattr("generation.services.dead_letters.enqueue", enqueue)
    _, text = press(operator, "replay-all")
    assert text == (
        "1 job is queued again. "
        "1 cannot be queued now: Too many clips are waiting; try again later."
    )
    assert Job.objects.dead_letters().count() == 1


@pytest.mark.parametrize(
    ("action", "fields", "says"),
    [
        ("drain", {"on": "nobody"}, "There is no engine 'nobody' here."),
        ("drain", {}, "There is no engine '' here."),
        ("throw", {"on": "generations", "reason": "x"}, "There is no switch"),
        ("throw", {"on": "generation", "reason": " "}, "A reason of 1 to"),
        ("freeze", {"on": "scene", "reason": "x" * 501}, "A reason of 1 to"),
        ("throw", {"on": "generation", "reason": "x" * 5000}, "This cannot be read"),
        ("throw", {"on": "generation", "reason": "a\x00b"}, "This cannot be read"),
        ("replay", {"on": "not-a-job"}, "There is no such failed job"),
        ("replay", {"on": str(uuid.UUID(int=1))}, "There is no such failed job"),
        ("explode", {}, "There is no such action."),
    ],
)
def test_what_cannot_be_done_is_said_and_leaves_nothing(action, fields, says, operator):
    level, text = press(operator, action, **fields)
    assert level == "error"
    assert says in text
    assert trail() == []
    assert not switch_changes().exists()


def test_a_service_that_fails_leaves_no_line_and_a_line_that_fails_undoes_the_service(
    operator, monkeypatch
):
    def broken(**_):
        raise RuntimeError

    monkeypatch.setattr("ops.services.LogEntry.objects.create", broken)
    with pytest.raises(RuntimeError):
        operator.post("/ops/actions/drain", {"on": "scene"})
    assert state_of("scene") == "works"


def test_the_buttons_work_while_nothing_else_changes_anything(operator):
    throw_switch(name="read_only", reason="a test", by="ada")
    assert press(operator, "drain", on="wan")[0] == "success"
    assert press(operator, "release", on="read_only")[0] == "success"
    assert not is_thrown("read_only")


def test_a_thrown_switch_says_who_and_why_and_offers_its_release(operator):
    press(operator, "throw", on="generation", reason="The card <melts>")
    text = operator.get("/ops/").content.decode()
    assert "The card &lt;melts&gt;" in text
    assert "@the_operator, " in text
    assert 'aria-label="Release generation"' in text
    assert 'aria-label="Throw generation"' not in text


def test_a_forecast_is_told_only_where_clips_are_made(operator):
    for engine, size in (("scene", "360x640"), ("wan", "360x640")):
        for work in ("rendering", "finishing"):
            WorkPace.objects.create(engine=engine, size=size, work=work, jobs=[[5, 10.0]])

    def told():
        text = operator.get("/ops/").content.decode().split("</section>")[0]
        rows = text.split("<tbody>")[1].split("</tr>")[:2]
        return [re.sub(r"<[^>]+>", "", row.split("<td>")[-1]).split("5 s,")[0].strip()
                for row in rows]  # fmt: skip

    assert told() == ["20 s", "unknown"]  # `wan` does not answer
    press(operator, "throw", on="generation", reason="a test")
    assert told() == ["stopped", "stopped"]


def test_the_buttons_of_an_engine_fit_its_state(operator):
    drain("wan")
    text = operator.get("/ops/").content.decode()
    for label, is_there in (("Drain scene", True), ("Resume scene", False), ("Resume wan", True),
                            ("Drain wan", False), ("Freeze wan", True)):  # fmt: skip
        assert (f'aria-label="{label}"' in text) is is_there, label


def test_books_that_do_not_add_up_are_shown(operator, make_user):
    from credits.services import hold  # noqa: PLC0415

    ada = make_user("ada")
    hold(user_id=ada.pk, reference="r", amount=1)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE credits_wallet SET held = held + 1")
    _, text = press(operator, "reconcile")
    assert "The books do not add up: a wallet's held credits" in text
    page = operator.get("/ops/").content.decode()
    assert "The books do not add up" in page.split('id="credits"')[1].split("</section>")[0]


def test_the_page_is_whole_without_scripts_and_obeys_the_policy(operator, busy):
    answer = operator.get("/ops/")
    text = answer.content.decode()
    assert answer["Content-Security-Policy"] == content_security_policy("")
    assert answer["Cache-Control"] == "private, no-store"
    assert re.findall(r"<script(?![^>]*\bsrc=\"/static/)", text) == []
    assert re.findall(r"\son[a-z]+=", text) == []
    assert not re.search(r"(?:src|href)=\"(?:https?:)?//", text)
    for form in re.findall(r"<form.*?</form>", text, re.DOTALL):
        assert 'method="post"' in form
        assert "csrfmiddlewaretoken" in form
    pressed = set(re.findall(r'action="/ops/actions/([a-z-]+)"', text))
    assert pressed == ACTIONS.keys() - {"resume", "unfreeze", "release"}


def test_the_page_can_be_read_with_ears(operator, busy):
    text = operator.get("/ops/").content.decode()
    assert text.count("<h1") == 1
    assert len(re.findall(r"<table", text)) == len(re.findall(r"<caption", text)) > 0
    assert len(re.findall(r"<svg[^>]*role=\"img\"[^>]*aria-label=\"[^\"]{20,}\"", text)) == 3
    ids = re.findall(r"\sid=\"([^\"]+)\"", text)
    assert len(ids) == len(set(ids))
    for names in re.findall(r"aria-labelledby=\"([^\"]+)\"", text):
        assert names in ids
    assert "The engine &lt;broke&gt;." in text
    assert "A ball." not in text  # what was asked for is its author's alone


@pytest.mark.parametrize(
    ("asked", "title"),
    [("", "6 hours"), ("1", "hour"), ("24", "24 hours"), ("7", "6 hours"), ("²", "6 hours"),
     ("9" * 50, "6 hours"), ("-1", "6 hours")],
)  # fmt: skip
def test_the_plots_cover_the_hours_that_are_offered(asked, title, operator):
    assert f">The last {title}</h2>" in operator.get("/ops/", {"hours": asked}).content.decode()


def test_the_sections_come_alone_and_leave_the_messages(operator):
    operator.post("/ops/actions/drain", {"on": "scene"})
    part = operator.get("/ops/?partial=1").content.decode()
    assert part.count("<section") == 7
    assert "<html" not in part
    assert "scene gets no more jobs" not in part.split('id="people"')[0]
    assert 'role="status"' in operator.get("/ops/").content.decode()
