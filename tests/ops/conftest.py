"""Operators, and an instance on which everything has happened."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.services import grant_role
from engine.contracts import EngineCapabilities
from generation.engines import reports
from generation.models import Job
from ops.selectors import forget_figures

ROLES = ("stranger", "user", "moderator", "auditor", "operator", "admin")


@pytest.fixture(autouse=True)
def _figures_are_read_anew():
    forget_figures()


@pytest.fixture(autouse=True)
def _engines(settings, monkeypatch):
    """Two engines that answer; nothing is asked over a network."""
    settings.ENGINES = {
        "scene": {"url": "http://127.0.0.1:9", "slots": 2},
        "wan": {"url": "http://127.0.0.1:9", "slots": 1},
    }
    can = {
        "name": "scene-1",
        "kind": "procedural",
        "description": "",
        "sizes": ("360x640",),
        "min_seconds": 1,
        "max_seconds": 25,
        "max_shots": 1,
        "fps": (24,),
        "audio": True,
        "seed": True,
        "procedural": True,
        "input_reference": False,
    }

    def report_of(name):
        engine = reports.engine_named(name)
        return reports.EngineReport(engine, EngineCapabilities(**can), name == "scene", 0.0)

    monkeypatch.setattr("generation.selectors.engines.report_of", report_of)


@pytest.fixture
def site(make_user):
    """Return a function that gives a browser in which somebody of a role is signed in."""

    def browser(role: str, **options: object) -> Client:
        client = Client(raise_request_exception=True, **options)
        if role != "stranger":
            user = make_user(f"the_{role}")
            if role != "user":
                grant_role(username=user.username, role=role)
            client.force_login(user)
        return client

    return browser


@pytest.fixture
def make_job(make_user):
    """Return a function that writes a job as it would be after so many seconds."""
    users = []

    def make(*, asked=0.0, began=None, ended=None, user=None, now=None, **fields):
        """`asked`, `began`, `ended`: seconds ago."""
        if user is None:
            users[:] = users or [make_user("ada")]
            user = users[0]
        now = now or timezone.now()
        at = {
            "created_at": asked,
            "started_at": began,
            "finished_at": ended,
        }
        times = {
            name: None if ago is None else now - timedelta(seconds=ago) for name, ago in at.items()
        }
        facts = {
            "engine": "scene",
            "model": "scene-1",
            "engine_is_procedural": True,
            "prompt": "A ball.",
            "seconds": 5,
            "size": "360x640",
            "seed": 1,
            "plan": "free",
            "cost_seconds": 4.0,
            "deadline_at": now + timedelta(hours=1),
        }
        job = Job(user=user, **{**facts, **fields})
        job.started_at, job.finished_at = times["started_at"], times["finished_at"]
        job.save()
        Job.objects.filter(pk=job.pk).update(created_at=times["created_at"])
        return job

    return make


@pytest.fixture
def busy(make_job):
    """A made-up hour: four wait, one is drawn, clips were made, refused and lost."""
    for ago in (300, 120, 60, 30):
        make_job(asked=ago)
    make_job(asked=90, began=50, state="rendering", progress=40)
    for wait, make in ((10, 20), (20, 30), (30, 40)):
        make_job(
            asked=1000 + wait,
            began=1000,
            ended=1000 - make,
            state="ready",
            engine_seconds=make,
        )
    make_job(asked=700, began=650, ended=640, state="refused", error_code="clip_refused")
    make_job(asked=20_000, began=19_900, ended=19_800, state="ready", engine_seconds=80)
    make_job(asked=500, ended=400, state="cancelled", engine="wan")
    return [
        make_job(
            asked=600 + n,
            began=550,
            ended=500,
            state="failed",
            error_code="engine_broken",
            error_message="The engine <broke>.",
            is_retryable=True,
            engine_seconds=50,
        )
        for n in range(2)
    ]
