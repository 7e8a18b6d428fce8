"""Whatever a client sends to any route of the contract, the answer is never our failure."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.flows.people import UNFINISHED, sign_up

SCHEMATHESIS = Path(sys.executable).with_name("schemathesis")
HOOKS = Path(__file__).with_name("fuzz_hooks.py")
# It would sign the fuzzer out, and the rest would be 401.
LEFT_OUT = "/api/v1/me/sessions"
SEED = 20_261_122  # the same cases on every run


@pytest.mark.slow
def test_no_generated_request_is_answered_with_a_server_error(instance, tmp_path):
    person = sign_up(instance.base_url, invite=instance.new_invite())
    with closing(person.http) as http:
        done = subprocess.run(
            [
                SCHEMATHESIS, "run", f"{instance.base_url}/api/v1/schema",
                "--checks", "not_a_server_error", "--max-examples", "8", "--seed", str(SEED),
                "--exclude-path", LEFT_OUT,
                "--header", f"Authorization: {http.headers['Authorization']}",
            ],
            cwd=tmp_path,
            env=os.environ | {"SCHEMATHESIS_HOOKS": str(HOOKS)},
            capture_output=True,
            text=True,
            timeout=400,
        )  # fmt: skip
        for job in person.get("/api/v1/generations", limit=50)["items"]:
            if job["state"] in UNFINISHED:
                person.delete(f"/api/v1/generations/{job['id']}")  # others wait for the engine
        assert done.returncode == 0, done.stdout
        assert "passed" in done.stdout
        assert http.get("/api/v1/me").status_code == 200  # it was signed in to the end
