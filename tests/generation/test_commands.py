"""The operator's commands: engines and examples."""

from __future__ import annotations

import json
import threading

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from generation.models import Job
from generation.services.examples import examples
from generation.services.run import run_job
from moderation.services import check_prompt


@pytest.mark.django_db
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


@pytest.fixture
def model(tmp_path):
    """As much of a Wan folder as is looked at: its index and the header of its weights."""
    folder = tmp_path / "-model"  # a name that could be taken for an option
    (folder / "transformer").mkdir(parents=True)
    index = {"_class_name": "WanPipeline", "transformer": ["diffusers", "WanTransformer3DModel"]}
    (folder / "model_index.json").write_text(json.dumps(index))
    (folder / "transformer/config.json").write_text("{}")
    header = json.dumps({"w": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}).encode()
    weights = len(header).to_bytes(8, "little") + header + bytes(8)
    (folder / "transformer/diffusion_pytorch_model.safetensors").write_bytes(weights)
    return folder


def test_a_model_folder_is_checked(model, capsys):
    call_command("engines", "check", str(model), card=24)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "WanPipeline of the family wan: 0.000 B parameters, 0.0 GiB"
    assert lines[3:5] == ["  use: commercial use is free", "  revenue cap: none"]
    assert lines[-1] == "card of 24 GiB: whole"


def test_a_model_that_does_not_fit_is_described_and_fails_the_command(model, capsys):
    with pytest.raises(CommandError, match="does not go onto a card of 2 GiB") as failed:
        call_command("engines", "check", str(model), "--card", "2")
    assert failed.value.returncode == 1
    assert capsys.readouterr().out.endswith("card of 2 GiB: not at all\n")


def test_a_folder_that_is_no_model_fails_the_command_with_the_reason(model, capsys):
    (model / "model_index.json").unlink()
    with pytest.raises(CommandError, match=r"has no model_index\.json\.$") as failed:
        call_command("engines", "check", str(model))
    assert failed.value.returncode == 1
    assert capsys.readouterr().out == ""


def test_a_wrong_option_of_the_check_keeps_its_exit_code(model):
    with pytest.raises(CommandError, match="expected a number of GiB above 0") as failed:
        call_command("engines", "check", str(model), card=-1)
    assert failed.value.returncode == 2


def test_a_model_is_checked_without_the_libraries_that_would_run_it(model, tmp_path, monkeypatch):
    for library in ("torch", "diffusers", "transformers"):
        (tmp_path / f"{library}.py").write_text("raise ImportError(__name__)")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    call_command("engines", "check", str(model))


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
