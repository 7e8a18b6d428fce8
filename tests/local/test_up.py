"""The life of an instance as its operator sees it: one command, one line, nothing left behind."""

import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import psycopg
import pytest

from config.local.state import read_record, running_instance
from tests.instances import (
    ROOT,
    environment,
    launch,
    processes_of,
    start_instance,
    terminal_of,
    wait_until,
)

ROLES = {"postgres", "valkey", "web", "engine", "worker", "beat"}
READY_LINE = re.compile(r"ready http://127\.0\.0\.1:\d+  invite: [A-Z0-9]{4}-[A-Z0-9]{4}")


def answers(instance) -> bool:
    return httpx.get(f"{instance.base_url}/readyz", timeout=30).status_code == 200


def up(state_dir, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), "up", "--state", str(state_dir), *arguments],
        env=environment(state_dir),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def kill_each_part(instance) -> None:
    for role in sorted(ROLES):
        old_pid = instance.kill_role(role)
        instance.wait_for_new(role, old_pid)
        wait_until(lambda: answers(instance), f"an answer after {role} was killed")


@pytest.mark.slow
def test_an_instance_lives_through_everything_and_leaves_nothing(tmp_path):
    # Longer than a unix socket's path may be, and with what a URL would have to quote.
    state_dir = tmp_path / "a state folder, with ünusual letters & spaces" / ("long" * 20) / "state"
    state_dir.parent.mkdir(parents=True)
    instance = start_instance(state_dir)
    try:
        assert READY_LINE.fullmatch(instance.ready_line)
        assert set(instance.pids) == ROLES
        assert httpx.get(f"{instance.base_url}/api/v1/config", timeout=30).status_code == 200
        assert re.fullmatch(r"[A-Z0-9]{4}-[A-Z0-9]{4}\n", instance.manage("invite", "--uses", "2"))

        refused = up(state_dir, "--port", "1")
        assert refused.returncode == 1
        assert f"already runs in {state_dir}" in refused.stderr
        assert "Traceback" not in refused.stderr

        addresses = running_instance(state_dir)
        with psycopg.connect(addresses.database_url) as connection:
            connection.execute("CREATE TABLE seen_by_the_next_start (n int)")
        kill_each_part(instance)
        assert running_instance(state_dir).database_url == addresses.database_url
        assert terminal_of(state_dir).read_text().count("starting it again") == len(ROLES)
    finally:
        instance.process.kill()
        output, _ = instance.process.communicate()
    assert output == ""  # the ready line was all it said on standard output
    wait_until(lambda: processes_of(state_dir) == {}, "all processes to end", seconds=5)
    assert read_record(state_dir) is not None  # nobody was left to remove it
    assert running_instance(state_dir) is None  # and nobody believes it

    again = start_instance(state_dir)
    try:
        with psycopg.connect(running_instance(state_dir).database_url) as connection:
            connection.execute("SELECT n FROM seen_by_the_next_start")
        assert READY_LINE.fullmatch(again.ready_line)
        assert not Path(addresses.socket_dir, "pg").exists()  # what the killed one left in /tmp
    finally:
        seconds = again.stop()
    assert again.process.returncode == 0
    assert seconds < 5.0
    assert processes_of(state_dir) == {}
    assert running_instance(state_dir) is None


@pytest.mark.slow
def test_ctrl_c_while_it_starts_stops_it_at_once(tmp_path):
    state_dir = tmp_path / "state"
    process = launch(state_dir, "--port", "1", "--host", "192.0.2.1")  # not ours: refused in time
    assert process.wait(30) == 1
    process.communicate()
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    process = launch(state_dir, "--port", str(port))
    wait_until((state_dir / "logs" / "web.log").exists, "the web process to be started")
    asked_at = time.monotonic()
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=20)
    assert time.monotonic() - asked_at < 5.0
    assert (process.returncode, output) == (0, "")
    assert processes_of(state_dir) == {}


def test_a_busy_port_is_said_plainly(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused = up(tmp_path / "state", "--port", str(port))
    assert refused.returncode == 1
    assert refused.stdout == ""
    assert f"port {port} is in use; choose another with --port" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_command_on_an_instance_that_does_not_run_says_so(tmp_path):
    done = subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), "invite"],
        env=environment(tmp_path / "state"),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 1
    assert done.stdout == ""
    assert "start it with bin/run" in done.stderr
    assert "Traceback" not in done.stderr
