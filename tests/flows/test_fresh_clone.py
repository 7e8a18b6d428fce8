"""What a newcomer does: clone, `bin/run`, sign up, ask for a clip, and a friend sees it."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from contextlib import closing
from pathlib import Path

import pytest

from config.local.sockets import free_port
from tests.flows.people import sign_up
from tests.instances import ROOT, environment, processes_of, read_ready_line

INSTALL_SECONDS_MAX = 900

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif("CI" not in os.environ, reason="installs everything anew; .ci/run does it"),
    pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed"),
]


def test_from_a_fresh_clone_to_a_clip_in_a_friends_feed():
    with tempfile.TemporaryDirectory(prefix="fresh clone ") as folder:
        checkout = Path(folder) / "vignette"
        subprocess.run(["git", "clone", "--quiet", ROOT, checkout], check=True)
        state = checkout / "var"
        settings = environment(state)
        del settings["VIGNETTE_STATE"]  # the default is the one to be tried
        process = subprocess.Popen(
            [checkout / "bin" / "run", "--no-examples", "--port", str(free_port())],
            cwd=folder,
            env=settings,
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            ready = read_ready_line(process, deadline=time.monotonic() + INSTALL_SECONDS_MAX)
            word, base_url, label, invite = ready.split()
            assert (word, label) == ("ready", "invite:")
            author = sign_up(base_url, invite=invite)
            friend = sign_up(base_url, invite=invite)
            with closing(author.http), closing(friend.http):
                job = author.wait_for(
                    author.generate("a red ball bounces", seconds=1, publish=True)
                )
                assert job["state"] == "ready"
                cards = friend.get("/api/v1/feed")["items"]
            assert [card["id"] for card in cards] == [job["clip"]]
        finally:
            process.terminate()
            process.communicate(timeout=20)
        assert processes_of(state) == {}
