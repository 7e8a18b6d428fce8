"""kill -9 of a worker at every step of a job: the job is still ready, and exactly once."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.conf import settings as django_settings
from django.db import connection
from django.utils import timezone

from feed.models import Clip
from generation.models import Job
from generation.services.run import run_job
from generation.services.sweep import sweep
from notifications.models import Event

ROOT = Path(__file__).resolve().parent.parent.parent


def killed_worker(job: Job, step: str, engine_url: str) -> None:
    """Run the job in a process of its own that is killed after the step."""
    database = urlsplit(os.environ["DATABASE_URL"])
    environment = os.environ | {
        "DATABASE_URL": database._replace(path=f"/{connection.settings_dict['NAME']}").geturl(),
        "ENGINES": json.dumps({"quick": {"url": engine_url}}),
        "PYTHONPATH": str(ROOT),
    }
    worker = Path(__file__).with_name("dying_worker.py")
    done = subprocess.run(
        [sys.executable, str(worker), str(job.pk), step],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("step", "state"),
    [
        ("submitted", "rendering"),
        ("marked", "finishing"),
        ("in_transaction", "finishing"),
        ("committed", "ready"),
    ],
)
def test_a_job_survives_the_death_of_its_worker(make_job, engine, step, state):
    job = make_job(publish=True)
    killed_worker(job, step, engine.url)
    job.refresh_from_db()
    assert job.state == state
    Job.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    sweep()
    run_job(job_id=job.pk)
    job.refresh_from_db()
    assert (job.state, job.error) == ("ready", None)
    clip = Clip.objects.get()
    assert (clip.pk, clip.state) == (job.reserved_clip_id, "published")
    assert list(Event.objects.values_list("type", flat=True)) == ["generation.ready"]
    assert len(engine.engine.requests) == 1  # nothing was rendered twice
    Job.objects.update(finished_at=timezone.now() - timedelta(minutes=5))
    sweep()
    versions = Path(django_settings.MEDIA_ROOT) / "clips" / str(clip.pk)
    kept = [folder.name for folder in versions.iterdir()]
    assert kept == [Path(clip.media_prefix).name]  # what the dead worker stored is gone
