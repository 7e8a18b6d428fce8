"""The small parts under the supervisor: state record, sockets, keeping a child, logs."""

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from config.local import processes, sockets
from config.local.keeper import Kept, Role
from config.local.state import (
    Instance,
    LocalServiceError,
    exclusive,
    running_instance,
    write_record,
)
from tests.instances import wait_until

RECORD = Instance(
    pid=1,
    base_url="http://127.0.0.1:8000",
    database_url="postgresql://a@b/c",
    redis_url="unix:///s",
    engine_url="http://127.0.0.1:9",
    socket_dir="/nowhere",
)


def test_a_record_is_believed_only_while_its_writer_lives(tmp_path):
    assert running_instance(tmp_path) is None
    code = f"""
import os, sys, time
from pathlib import Path
from config.local.state import Instance, exclusive, write_record
with exclusive(Path({str(tmp_path)!r})):
    write_record(Path({str(tmp_path)!r}), Instance(1, "b", "d", "r", "e", "s"))
    print("held", flush=True)
    time.sleep(60)
"""
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as holder:
        assert holder.stdout.readline() == b"held\n"
        assert running_instance(tmp_path).database_url == "d"
        with (
            pytest.raises(LocalServiceError, match=r"already runs in .* at b"),
            exclusive(tmp_path),
        ):
            pass
        holder.kill()
    assert running_instance(tmp_path) is None


def test_the_record_is_for_its_owner_alone(tmp_path):
    with exclusive(tmp_path):
        write_record(tmp_path, RECORD)
        mode = (tmp_path / "run" / "instance.json").stat().st_mode
    assert stat.S_IMODE(mode) == 0o600  # an external DATABASE_URL carries a password


def test_a_state_folder_that_cannot_be_made_is_said_plainly(tmp_path):
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(LocalServiceError, match="cannot use"),
        exclusive(tmp_path / "file" / "state"),
    ):
        pass


@pytest.mark.parametrize(
    ("host", "port", "text"),
    [
        ("127.0.0.1", 0, "--port 0 is no port"),
        ("127.0.0.1", 70000, "--port 70000 is no port"),
        ("192.0.2.1", 8000, "--host 192.0.2.1 is no address of this machine"),
        ("not a host", 8000, "--host not a host is no address of this machine"),
    ],
)
def test_an_address_that_cannot_be_taken_is_said_plainly(host, port, text):
    with pytest.raises(LocalServiceError, match=text):
        sockets.listen(host, port)


def test_socket_folders_are_short_whatever_the_state_folder(tmp_path):
    base = sockets.make_socket_base(tmp_path / ("long" * 40))
    try:
        assert len(str(base) + sockets.LONGEST_NAME) <= sockets.PATH_BYTES_MAX
        assert base.is_dir()
    finally:
        sockets.forget_sockets(base)
    assert not base.exists()


def test_a_folder_that_is_not_ours_is_never_forgotten(tmp_path):
    (tmp_path / "run").mkdir()
    sockets.forget_sockets(tmp_path / "run")
    assert (tmp_path / "run").is_dir()


def test_the_printed_address_is_one_that_can_be_typed():
    assert sockets.url_of("0.0.0.0", 80) == "http://127.0.0.1:80"  # noqa: S104
    assert sockets.url_of("::", 80) == "http://[::1]:80"
    assert sockets.url_of("127.0.0.1", 8000) == "http://127.0.0.1:8000"


def kept_child(tmp_path: Path, code: str) -> Kept:
    def spawn() -> subprocess.Popen[bytes]:
        return processes.spawn([sys.executable, "-c", code], log=tmp_path / "log")

    return Kept(Role("child", spawn, signal.SIGTERM, 1.0), spawn())


def test_a_killed_child_is_started_again(tmp_path):
    kept = kept_child(tmp_path, "import time; time.sleep(60)")
    first = kept.process.pid
    os.kill(first, signal.SIGKILL)
    kept.process.wait()
    assert kept.look() == "child was killed by signal 9; starting it again"
    wait_until(lambda: kept.look() is None and kept.process is not None, "the next child")
    assert kept.process.pid != first
    assert kept.quick_failures == 1
    kept.ask_to_stop()
    kept.wait_or_kill(deadline=0)


def test_a_child_that_cannot_start_is_counted(tmp_path):
    kept = kept_child(tmp_path, "print('no such table'); raise SystemExit(3)")
    lines = []
    while kept.quick_failures < 3:
        wait_until(lambda: bool(lines.append(kept.look()) or lines[-1]), "the next end")
    assert [line for line in lines if line] == [
        "child ended with exit code 3; starting it again"
    ] * 3
    assert processes.tail(tmp_path / "log", lines=1) == "  no such table"
    kept.wait_or_kill(deadline=0)


def test_grandchildren_end_with_the_child(tmp_path):
    code = (
        "import subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        "print(child.pid, flush=True); time.sleep(60)"
    )
    kept = kept_child(tmp_path, code)
    log = tmp_path / "log"
    wait_until(lambda: log.read_text().endswith("\n"), "the grandchild")
    grandchild = int(log.read_text())
    kept.process.kill()
    kept.process.wait()
    kept.look()
    status = Path(f"/proc/{grandchild}/stat")  # gone, or a zombie that init has yet to reap
    wait_until(
        lambda: not status.exists() or ") Z " in status.read_text(),
        "the grandchild's end",
        seconds=5,
    )
    kept.wait_or_kill(deadline=0)


def test_a_log_keeps_its_end_when_it_grows_too_large(tmp_path):
    log = tmp_path / "web.log"
    log.write_bytes(b"old" * 100 + b"the end")
    processes.cap_log(log, bytes_max=7)
    assert log.read_bytes() == b""
    assert (tmp_path / "web.log.1").read_bytes() == b"the end"
    log.write_bytes(b"short")
    processes.cap_log(log, bytes_max=7)
    assert log.read_bytes() == b"short"
