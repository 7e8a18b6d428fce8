"""Parts are killed at random while people make clips: nothing is lost, doubled or miscounted."""

from __future__ import annotations

import pytest

from tests.flows import chaos
from tests.instances import start_instance


@pytest.mark.slow
def test_every_job_ends_once_and_every_credit_is_accounted_for(tmp_path):
    instance = start_instance(tmp_path / "state")
    try:
        outcome = chaos.run(
            instance, users=6, jobs_each=2, kill_seconds=30, limit_seconds=400, seed=7
        )
        states = chaos.check(instance, outcome)
    finally:
        instance.stop()
    assert sum(outcome.killed.values()) >= 3
    assert sum(states.values()) == 12
    assert states["ready"] >= 10  # a job may fail by being hit again and again; few do
