from __future__ import annotations

import re
from uuid import uuid4

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client

from feed.services import delete_clip
from moderation.models import Case, CaseState, Decision
from moderation.services import check_prompt, decide, report
from tests.clips import make_clip

QUEUE = "/admin/moderation/case/"
PASSWORD = "correct-horse-battery-9"


def page_of(case):
    return f"{QUEUE}{case.pk}/change/"


@pytest.fixture
def clip(make_user):
    return make_clip(make_user("author"), caption="A <b>bold</b> ball")


@pytest.fixture
def case(clip, make_user):
    return report(
        clip_id=clip.pk, by=make_user("reporter"), reason="hate", text="<script>alert(1)</script>"
    ).case


@pytest.fixture
def desk(make_moderator):
    """A moderator's browser, logged in through the login page with CSRF checks on."""
    moderator = make_moderator("moderator")
    moderator.set_password(PASSWORD)
    moderator.save()
    browser = Client(enforce_csrf_checks=True)
    token = token_of(browser.get("/admin/login/"))
    answer = browser.post(
        "/admin/login/?next=/admin/",
        {"username": "moderator", "password": PASSWORD, "csrfmiddlewaretoken": token},
    )
    assert (answer.status_code, answer["Location"]) == (302, "/admin/")
    return browser


def token_of(answer):
    return re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', answer.content.decode())[1]


def post(browser, case, **form):
    token = token_of(browser.get(page_of(case)))
    return browser.post(page_of(case), {"csrfmiddlewaretoken": token, **form})


def test_a_moderator_finds_the_case_sees_it_and_hides_the_clip(desk, case, clip):
    index = desk.get("/admin/").content.decode()
    assert QUEUE in index
    listed = desk.get(QUEUE).content.decode()
    assert str(case.pk) in listed
    assert "@author" in listed
    assert "Hate or harassment" in listed
    assert "/media/" in listed  # the poster, for review
    shown = desk.get(page_of(case)).content.decode()
    assert "&lt;script&gt;" in shown
    assert "<script>alert" not in shown
    assert "<b>bold" not in shown
    assert re.search(r"<video src=\"[^\"]*/media/[^\"]*clip.mp4\"[^>]* muted", shown)
    assert "reporter" not in shown.replace("reports", "")
    assert "@example.org" not in listed + shown

    answer = post(desk, case, action="hide", reason="It mocks somebody.")
    assert (answer.status_code, answer["Location"]) == (302, QUEUE)
    clip.refresh_from_db()
    assert clip.state == "hidden"
    decision = Decision.objects.get()
    assert (decision.action, decision.reason) == ("hide", "It mocks somebody.")
    assert decision.decided_by.username == "moderator"
    log = LogEntry.objects.get()
    assert (log.user.username, log.change_message) == ("moderator", "hide: It mocks somebody.")


def test_hidden_media_plays_at_the_desk_and_nowhere_else(desk, case, clip, api):
    post(desk, case, action="hide", reason="It mocks somebody.")
    shown = desk.get(page_of(case)).content.decode()
    url = re.search(r'<video src="([^"]+)"', shown)[1]
    answer = api.get(url)
    answer.close()
    assert answer.status_code == 200


def test_a_decided_case_leaves_the_queue_and_is_found_by_its_clip_to_be_restored(desk, case, clip):
    post(desk, case, action="hide", reason="It mocks somebody.")
    assert str(case.pk) not in desk.get(QUEUE).content.decode()
    assert str(case.pk) in desk.get(f"{QUEUE}?state=hidden").content.decode()
    assert str(case.pk) in desk.get(f"{QUEUE}?q={clip.pk}").content.decode()
    answer = post(desk, case, action="restore", reason="On second thought.")
    assert answer.status_code == 302
    clip.refresh_from_db()
    assert clip.state == "published"
    shown = desk.get(page_of(case)).content.decode()
    assert "It mocks somebody." in shown
    assert "On second thought." in shown


@pytest.mark.parametrize(
    "form",
    [
        {"action": "hide", "reason": ""},
        {"action": "hide", "reason": "   "},
        {"action": "restore", "reason": "Not hidden."},
        {"action": "explode", "reason": "Because."},
        {"reason": "No action."},
        {"action": "hide", "reason": "x" * 2001},
    ],
)
def test_an_incomplete_decision_is_shown_again_and_changes_nothing(form, desk, case, clip):
    answer = post(desk, case, **form)
    assert answer.status_code == 200
    assert "errorlist" in answer.content.decode()
    _untouched(case, clip)


def _untouched(case, clip):
    case.refresh_from_db()
    clip.refresh_from_db()
    assert (case.state, clip.state) == (CaseState.OPEN, "published")
    assert not Decision.objects.exists()
    assert not LogEntry.objects.exists()


def test_a_case_that_a_colleague_decided_meanwhile_says_so(desk, case, make_moderator):
    token = token_of(desk.get(page_of(case)))
    decide(case_id=case.pk, by=make_moderator("colleague"), action="hide", reason="First.")
    # The form offered "dismiss" when it was loaded.
    answer = desk.post(
        page_of(case), {"csrfmiddlewaretoken": token, "action": "dismiss", "reason": "Second."}
    )
    assert answer.status_code == 200
    assert "errorlist" in answer.content.decode()
    assert Decision.objects.get().reason == "First."


def test_without_the_csrf_token_nothing_is_decided(desk, case, clip):
    answer = desk.post(page_of(case), {"action": "hide", "reason": "Forged."})
    assert answer.status_code == 403
    _untouched(case, clip)


@pytest.mark.parametrize("who", ["stranger", "user", "author", "staff"])
@pytest.mark.parametrize("path", ["queue", "case", "decisions", "checks"])
def test_the_desk_is_closed_to_who_is_no_moderator(who, path, case, clip, make_user):
    url = {
        "queue": QUEUE,
        "case": page_of(case),
        "decisions": "/admin/moderation/decision/",
        "checks": "/admin/moderation/promptcheck/",
    }[path]
    browser = Client()
    if who != "stranger":
        user = {
            "user": lambda: make_user("somebody"),
            "author": lambda: clip.author,
            "staff": lambda: make_user("clerk", is_staff=True),
        }[who]()
        browser.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    for answer in (browser.get(url), browser.post(url, {"action": "hide", "reason": "Mine."})):
        assert answer.status_code in {302, 403, 404}
        if answer.status_code == 302:
            assert answer["Location"].startswith("/admin/login/")
    _untouched(case, clip)


def test_nothing_is_added_changed_or_deleted_by_hand(desk, case):
    decide_url = f"/admin/moderation/decision/{uuid4()}/"
    assert desk.get(f"{QUEUE}add/").status_code == 403
    assert desk.get(f"{QUEUE}{case.pk}/delete/").status_code == 403
    assert desk.get("/admin/moderation/decision/add/").status_code == 403
    assert desk.post(f"{decide_url}delete/").status_code in {302, 403}
    assert Case.objects.count() == 1


def test_a_clip_deleted_meanwhile_is_shown_without_media(desk, case, clip):
    delete_clip(clip_id=clip.pk, by=clip.author)
    assert "deleted" in desk.get(QUEUE).content.decode()
    assert "deleted by its author" in desk.get(page_of(case)).content.decode()


def test_the_most_reported_case_comes_first(desk, case, make_user):
    second = make_clip(make_user("other_author"))
    for n in range(3):
        report(clip_id=second.pk, by=make_user(f"person{n}"), reason="spam")
    listed = desk.get(QUEUE).content.decode()
    first_id = str(Case.objects.get(clip=second).pk)
    assert listed.index(first_id) < listed.index(str(case.pk))


def test_records_can_be_read(desk, case, make_user):
    post(desk, case, action="dismiss", reason="Nothing wrong.")
    check_prompt(text="an explicit sex scene", record_for=make_user("writer").pk)
    assert "Nothing wrong." in desk.get("/admin/moderation/decision/").content.decode()
    decision = Decision.objects.get()
    assert desk.get(f"/admin/moderation/decision/{decision.pk}/change/").status_code == 200
    assert "sexual_content" in desk.get("/admin/moderation/promptcheck/").content.decode()


def test_an_unknown_case_is_not_there(desk):
    assert desk.get(f"{QUEUE}{uuid4()}/change/").status_code == 404
