"""The operator's commands: engines and examples."""

from __future__ import annotations

import threading

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from generation.models import Job
from generation.services.examples import examples
from generation.services.run import run_job
from moderation.services import check_prompt


def test_engines_are_listed_with_kind_state_and_slots(engine, settings, capsys):
    settings.ENGINES = {**settings.ENGINES, "gone": {"url": "http://127.0.0.1:1", "slots": 3}}
    call_command("engines")
    assert capsys.readouterr().out.splitlines() == [
        "gone\tunknown\tdoes not answer\t3",
        "quick\tprocedural\tavailable\t1",
    ]
    call_command("engines", urls=True)
    assert capsys.readouterr().out.splitlines() == ["http://127.0.0.1:1", engine.url]


def test_without_an_engine_the_command_says_so(settings):
    settings.ENGINES = {}
    with pytest.raises(CommandError, match="no instance runs here"):
        call_command("engines")


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_examples_are_made_once_under_an_account_that_nobody_can_enter(
    engine, make_user, monkeypatch, capsys, tmp_path
):
    few = tmp_path / "examples.toml"
    few.write_text('[[example]]\ncaption = "One"\nprompt = "a ball"\nseconds = 1\nseed = 1\n')
    monkeypatch.setattr("generation.services.examples.EXAMPLES", few)
    monkeypatch.setattr("generation.management.commands.examples.POLL_SECONDS", 0.02)
    person = make_user("vignette")  # the name may be a person's
    done = threading.Event()

    def work() -> None:
        while not done.wait(0.05):
            for job_id in Job.objects.filter(state="queued").values_list("pk", flat=True):
                run_job(job_id=job_id)
        connection.close()

    worker = threading.Thread(target=work)
    worker.start()
    try:
        call_command("examples")
        call_command("examples")
    finally:
        done.set()
        worker.join(60)
    assert capsys.readouterr().out.splitlines() == ["ready: One"]
    job = Job.objects.get()
    assert (job.clip.caption, job.clip.state, job.seed) == ("One", "published", 1)
    assert job.user != person
    assert not job.user.has_usable_password()


@pytest.mark.parametrize("example", examples(), ids=lambda example: example.caption)
def test_policy_allows_each_example(example):
    assert check_prompt(text=example.prompt).allowed
    assert check_prompt(text=example.caption).allowed
