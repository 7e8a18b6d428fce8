"""A refusal is appealed in one call, and a moderator's word makes the clip."""

from __future__ import annotations

import pytest

from generation.errors import AppealDecided, OwnAppeal
from generation.models import Appeal, Job
from generation.scheduling.fair import Priority
from generation.services.appeals import decide_appeal
from generation.services.run import run_job
from moderation.errors import NotAModerator, ReasonRequired
from moderation.services import FramesVerdict
from notifications.models import Event
from tests.racing import race

URL = "/api/v1/generations"
FORBIDDEN = "A ball. Two people having explicit sex, fully naked."
BODY = {"prompt": FORBIDDEN, "seconds": 2, "publish": True}


@pytest.fixture
def ada(make_user, client_of, engine):
    """Ada's API client."""
    user = make_user("ada")
    client = client_of(user)
    client.user = user
    client.post_json = lambda path, body: client.post(path, body, format="json")
    return client


def appeal(ada, **change) -> Appeal:
    answer = ada.post_json(f"{URL}/appeals", {"request": BODY | change, "text": "It is art."})
    assert answer.status_code == 202, answer.content
    return Appeal.objects.get(pk=answer.json()["id"])


def test_one_call_appeals_and_keeps_what_a_moderator_needs(ada):
    refused = ada.post_json(URL, BODY).json()
    found = appeal(ada)
    assert found.reasons == refused["reasons"]
    assert (found.text, found.request["prompt"], found.state) == ("It is art.", FORBIDDEN, "open")
    listed = ada.get(f"{URL}/appeals").json()["items"]
    assert [(one["id"], one["state"]) for one in listed] == [(str(found.pk), "open")]
    again = ada.post_json(f"{URL}/appeals", {"request": BODY})
    assert (again.status_code, again.json()["code"]) == (409, "appeal_exists")


def test_what_is_allowed_needs_no_appeal(ada):
    answer = ada.post_json(f"{URL}/appeals", {"request": BODY | {"prompt": "A red ball."}})
    assert (answer.status_code, answer.json()["code"]) == (409, "appeal_not_needed")
    assert not Appeal.objects.exists()


def test_a_few_may_be_open(ada):
    for n in range(5):
        appeal(ada, prompt=f"{FORBIDDEN} {n}")
    answer = ada.post_json(f"{URL}/appeals", {"request": BODY})
    assert (answer.status_code, answer.json()["code"]) == (429, "too_many_appeals")


def test_upheld_it_is_made_first_as_a_draft_and_may_be_made_again(ada, make_job, make_moderator):
    found = appeal(ada)
    decide_appeal(appeal_id=found.pk, by=make_moderator(), uphold=True, reason="It is art.")
    job = Job.objects.get()
    assert (job.priority, job.publish, job.price) == (Priority.URGENT, False, 10)
    assert job.waived_rules == []  # the texts are allowed; what is drawn is looked at as ever
    told = Event.objects.get(type="generation.appeal_decided").data
    assert (told["state"], told["generation"], told["error"]) == ("upheld", str(job.pk), None)
    assert ada.post_json(URL, BODY).status_code == 202
    other = ada.post_json(URL, BODY | {"prompt": f"{FORBIDDEN} And more."})
    assert other.json()["code"] == "prompt_refused"


def test_upheld_for_one_who_cannot_have_it_now_it_stays_allowed(ada, make_moderator):
    found = appeal(ada)
    while ada.post_json(URL, BODY | {"prompt": "A red ball."}).status_code == 202:
        pass
    decide_appeal(appeal_id=found.pk, by=make_moderator(), uphold=True, reason="It is art.")
    told = Event.objects.get(type="generation.appeal_decided").data
    assert (told["generation"], told["error"]["code"]) == (None, "too_many_generations")
    ada.delete(f"{URL}/{Job.objects.first().pk}")
    assert ada.post_json(URL, BODY).status_code == 202


def test_denied_it_is_told_with_the_reason(ada, make_moderator):
    found = appeal(ada)
    decide_appeal(appeal_id=found.pk, by=make_moderator(), uphold=False, reason="It is not.")
    listed = ada.get(f"{URL}/appeals").json()["items"][0]
    assert (listed["state"], listed["decision_reason"]) == ("denied", "It is not.")
    assert not Job.objects.exists()
    assert ada.post_json(URL, BODY).json()["code"] == "prompt_refused"


@pytest.mark.django_db(transaction=True)
def test_of_moderators_who_decide_at_once_one_does(ada, make_moderator):
    found, moderator = appeal(ada), make_moderator()

    def decide(n: int) -> str:
        try:
            decide_appeal(appeal_id=found.pk, by=moderator, uphold=n % 2 == 0, reason="So.")
        except AppealDecided:
            return "late"
        return "decided"

    assert sorted(race(decide, times=6)) == ["decided"] + ["late"] * 5
    assert Event.objects.filter(type="generation.appeal_decided").count() == 1


def test_who_may_not_decide(ada, make_user, make_moderator):
    found = appeal(ada)
    with pytest.raises(NotAModerator):
        decide_appeal(appeal_id=found.pk, by=make_user("bob"), uphold=True, reason="So.")
    with pytest.raises(ReasonRequired):
        decide_appeal(appeal_id=found.pk, by=make_moderator(), uphold=True, reason="  ")
    Appeal.objects.update(user=make_moderator("mod2"))
    with pytest.raises(OwnAppeal):
        decide_appeal(appeal_id=found.pk, by=found.user.__class__.objects.get(username="mod2"),
                      uphold=True, reason="So.")  # fmt: skip
    found.refresh_from_db()
    assert found.state == "open"


def refuse_frames(monkeypatch):
    verdict = FramesVerdict(allowed=False, score=0.9, at_seconds=0.5, rule="sexual_content")
    monkeypatch.setattr("generation.services.run.check_frames", lambda path: verdict)


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a_clip_refused_once_drawn_is_appealed_and_made(ada, make_moderator, monkeypatch):
    refuse_frames(monkeypatch)
    body = BODY | {"prompt": "A red ball.", "seconds": 1}
    job_id = ada.post_json(URL, body).json()["id"]
    assert ada.post_json(f"{URL}/{job_id}/appeal", {}).json()["code"] == "appeal_not_needed"
    run_job(job_id=job_id)
    assert ada.get(f"{URL}/{job_id}").json()["state"] == "refused"
    made = ada.post_json(f"{URL}/{job_id}/appeal", {"text": "It is a ball."})
    assert made.status_code == 202
    assert [one["rule"] for one in made.json()["reasons"]] == ["sexual_content"]
    assert ada.post_json(f"{URL}/{job_id}/appeal", {}).json()["code"] == "appeal_exists"
    decide_appeal(
        appeal_id=made.json()["id"], by=make_moderator(), uphold=True, reason="It is a ball."
    )
    again = Job.objects.exclude(pk=job_id).get()
    assert (again.waived_rules, again.seed) == (["sexual_content"], Job.objects.get(pk=job_id).seed)
    other = ada.post_json(URL, body).json()["id"]  # other frames, which nobody has judged
    assert Job.objects.get(pk=other).waived_rules == []
    run_job(job_id=again.pk)
    again.refresh_from_db()
    assert (again.state, again.clip.state) == ("ready", "draft")


def test_another_users_refusal_cannot_be_appealed(ada, make_user, client_of):
    job_id = ada.post_json(URL, BODY | {"prompt": "A red ball."}).json()["id"]
    bob = client_of(make_user("bob"))
    answer = bob.post(f"{URL}/{job_id}/appeal", {}, format="json")
    assert (answer.status_code, answer.json()["code"]) == (404, "appeal_not_found")
    assert not Appeal.objects.exists()


def test_the_desk_shows_an_appeal_to_moderators_alone(ada, make_user, make_moderator, client):
    found = appeal(ada)
    path = f"/admin/generation/appeal/{found.pk}/change/"
    client.force_login(make_user("bob", is_staff=True))
    assert client.get(path).status_code in {302, 403, 404}
    client.force_login(make_moderator())
    listed = client.get("/admin/generation/appeal/").content.decode()
    assert "@ada" in listed
    page = client.get(path).content.decode()
    assert FORBIDDEN in page
    assert "It is art." in page
    answer = client.post(path, {"decision": "deny", "reason": "It is not."})
    assert answer.status_code == 302
    found.refresh_from_db()
    assert (found.state, found.decision_reason) == ("denied", "It is not.")
