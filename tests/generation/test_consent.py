"""Jobs that wait for the owners of likenesses, and what their answers do."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

import pytest
from django.utils import timezone

from cameos.errors import CosignClosed
from cameos.models import Cameo, Cosign
from cameos.services import answer_cosign, expire_cosigns
from credits.selectors import balance_of
from generation.models import Job
from generation.selectors import queue_of
from generation.services.cancel import cancel
from generation.services.lease import claim
from generation.services.request import GenerationRequest
from generation.services.run import run_job
from generation.services.submit import preflight
from generation.services.sweep import sweep
from notifications.models import Event
from tests.generation.casts import (
    URL,
    ask,
    body,
    committed,
    ended,
    is_released,
)
from tests.racing import race


@pytest.fixture
def engine(faces_engine):
    return faces_engine


@pytest.fixture
def ada(make_user):
    return make_user("ada")


@pytest.fixture
def api(client_of, ada):
    """Ada's API client."""
    return client_of(ada)


@pytest.fixture
def asked(ada, face, engine) -> Job:
    """A job that waits for Cleo's word."""
    Cameo.objects.update(ask_me=True)
    return ask(ada, publish=True)


def answer(*, is_approved: bool) -> None:
    question = Cosign.objects.get()
    answer_cosign(cosign_id=question.pk, by=question.cameo.owner, is_approved=is_approved)


def test_a_job_waits_for_the_owners_word(asked, api, ada):
    told = api.get(f"{URL}/{asked.pk}").json()
    assert (told["state"], told["position"], told["eta_seconds"]) == (
        "awaiting_consent",
        None,
        None,
    )
    assert not is_released(asked)
    assert queue_of("quick") == []
    assert claim(job_id=asked.pk) is None
    preview = Cosign.objects.get().preview
    assert (preview["prompt"], preview["cameos"]) == ("A red ball rolls.", ["@cleo"])
    asked.refresh_from_db()
    left = asked.deadline_at - timezone.now()
    assert timedelta(hours=48) < left < timedelta(hours=50)
    found = preflight(by=ada, request=GenerationRequest("A ball.", 1, cameos=("@cleo",)))
    assert (found.allowed, found.needs_consent_of, found.eta_seconds) == (True, ["@cleo"], None)


def test_waiting_jobs_count_among_the_unfinished(ada, face, asked, api):
    while api.post(URL, body(), format="json").status_code == 202:
        pass
    assert api.post(URL, body(), format="json").json()["code"] == "too_many_generations"
    assert set(Job.objects.values_list("state", flat=True)) == {"awaiting_consent"}


@committed
def test_approved_it_is_made(asked, engine, quick_end):
    answer(is_approved=True)
    assert ended(asked) == ("queued", "")
    assert asked.consented_at is not None
    run_job(job_id=asked.pk)
    assert ended(asked) == ("ready", "")
    assert asked.clip.state == "published"
    assert [each.name for each in engine.engine.requests[0].cast] == ["@cleo"]


@pytest.mark.parametrize("how", ["denied", "expired", "late", "cancelled"])
def test_without_consent_it_ends_and_the_credits_are_back(asked, ada, how):
    before = balance_of(ada.pk).balance
    if how == "denied":
        answer(is_approved=False)
    elif how == "expired":
        Cosign.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
        expire_cosigns()
    elif how == "late":  # nothing told us so: the job's own deadline
        Job.objects.update(deadline_at=timezone.now() - timedelta(seconds=1))
        sweep()
    else:
        cancel(job_id=asked.pk, by=ada.pk)
    assert (
        ended(asked)
        == {
            "denied": ("refused", "cosign_denied"),
            "expired": ("expired", "cosign_expired"),
            "late": ("expired", "cosign_expired"),
            "cancelled": ("cancelled", ""),
        }[how]
    )
    assert not asked.is_retryable  # no dead letter: nobody can help it
    assert is_released(asked)
    assert balance_of(ada.pk).balance == before + asked.price
    states = {"late": "dropped", "cancelled": "dropped"}
    assert Cosign.objects.get().state == states.get(how, how)
    assert Event.objects.filter(user=ada, type__startswith="generation.").count() == 1


@committed
def test_cancelling_against_an_answer_ends_in_one_way(asked, ada):
    def act(n: int) -> None:
        if n % 2:
            cancel(job_id=asked.pk, by=ada.pk)
        elif n == 0:
            with suppress(CosignClosed):
                answer(is_approved=True)

    race(act, times=4)
    assert ended(asked) == ("cancelled", "")
    assert is_released(asked)


@committed
def test_an_owner_who_wants_to_be_asked_since_is_asked(ada, face, engine, quick_end):
    job = ask(ada)
    Cameo.objects.update(ask_me=True)
    run_job(job_id=job.pk)
    assert ended(job) == ("awaiting_consent", "")
    assert (job.lease_until, engine.engine.requests) == (None, [])
    answer(is_approved=True)
    run_job(job_id=job.pk)
    assert ended(job) == ("ready", "")
