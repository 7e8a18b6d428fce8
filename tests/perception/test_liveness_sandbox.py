from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from perception.faces import default_pack
from perception.liveness import CaptureReport, SandboxLimits, sandbox, verify_sandboxed
from perception.liveness.report import BadAnswer, of_bytes, to_bytes
from tests import captures

CONFINED = """
import json, os, sys, time
from perception.liveness.confine import confine
from perception.liveness.report import CaptureReport, to_bytes
asked = json.loads(sys.argv[-1])
isolated = confine(asked["limits"], parent=asked["parent"])
def answer(**facts):
    os.write(1, to_bytes(CaptureReport(("no_face",), facts=facts)))
"""
KIB, MIB, GIB = 1024, 1024**2, 1024**3


@pytest.fixture
def child(monkeypatch):
    """Let another program be the child: started, confined and ended as the real one is."""

    def run(program, **limits):
        monkeypatch.setattr(sandbox, "CHILD", ("-s", "-E", "-B", "-c", CONFINED + program))
        started = time.monotonic()
        report = verify_sandboxed(
            Path("capture.mp4"),
            captures.CHALLENGE,
            pack=Path("pack"),
            limits=SandboxLimits(**{"seconds": 30.0, **limits}),
        )
        return report, time.monotonic() - started

    return run


def wait_until_gone(pid):
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except FileNotFoundError:
            return True
        time.sleep(0.02)
    return False


# --- what reaches the child
def test_no_variable_and_no_descriptor_of_the_parent_reaches_the_child(child, monkeypatch):
    monkeypatch.setenv("SECRET_KEY", "of the parent")
    read, write = os.pipe()
    os.set_inheritable(read, True)
    try:
        report, _ = child(
            "answer(env=dict(os.environ), stdin=os.read(0, 9).decode(),"
            " fds=sorted(os.readlink(f'/proc/self/fd/{n}') if n > 2 else ''"
            " for n in map(int, os.listdir('/proc/self/fd'))"
            " if os.path.lexists(f'/proc/self/fd/{n}')))"
        )
    finally:
        os.close(read)
        os.close(write)
    assert set(report.facts["env"]) <= {*sandbox._ENVIRONMENT, "LC_CTYPE"}
    assert report.facts["stdin"] == ""
    assert report.facts["fds"] == ["", "", ""]


def test_the_limits_hold_in_the_child(child):
    report, _ = child(
        "import resource as r\n"
        "answer(limits=[r.getrlimit(each) for each in (r.RLIMIT_AS, r.RLIMIT_CPU, r.RLIMIT_FSIZE,"
        " r.RLIMIT_NOFILE, r.RLIMIT_CORE)], leader=os.getsid(0) == os.getpid())",
        memory_bytes=2 * GIB,
        cpu_seconds=40,
        open_files=50,
    )
    expected = [2 * GIB, 40, 0, 50, 0]
    assert report.facts["limits"] == [[each, each] for each in expected]
    assert report.facts["leader"]


def test_the_child_writes_no_file(child, tmp_path):
    report, _ = child(
        f"file = open({str(tmp_path / 'x')!r}, 'wb', buffering=0)\n"
        "try:\n    file.write(b'x')\n"
        "except OSError as error:\n    answer(error=error.errno)"
    )
    assert report.facts["error"] == 27  # EFBIG


def test_the_child_reaches_no_network_where_the_kernel_helps(child):
    with socket.create_server(("127.0.0.1", 0)) as server:
        report, _ = child(
            "import socket\n"
            "try:\n"
            f"    socket.create_connection({server.getsockname()!r}, timeout=5)\n"
            "    answer(isolated=isolated, reached=True)\n"
            "except OSError:\n"
            "    answer(isolated=isolated, reached=False)"
        )
    assert report.facts["reached"] is not report.facts["isolated"]


# --- what ends it
@pytest.mark.parametrize(
    ("program", "why"),
    [
        ("x = bytearray(2 * 1024**3); answer()", "ended with 1"),
        ("os.abort()", "ended with -6"),
        ("os.kill(os.getpid(), 11)", "ended with -11"),
        ("sys.exit(0)", "said nothing"),
        ("os.write(1, b'{}')", "not a report"),
        ("while True: os.write(1, bytes(65536))", "without end"),
    ],
    ids=["memory", "abort", "crash", "nothing", "nonsense", "an endless answer"],
)
def test_a_child_that_fails_is_a_report(child, program, why, caplog):
    report, _ = child(program, memory_bytes=1 * GIB)
    assert report.reasons == ("verification_failed",)
    assert why in report.facts["failure"]
    assert "verification failed" in caplog.text


def test_a_child_that_spins_meets_its_limit_of_cpu_time(child):
    report, seconds = child("while True: pass", cpu_seconds=1)
    assert report.reasons == ("verification_failed",)
    assert "ended with -" in report.facts["failure"]
    assert seconds < 25


def test_a_child_that_hangs_is_ended_with_all_that_it_started(child, caplog):
    report, seconds = child(
        "import signal\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "other = os.fork()\n"
        "if other:\n    os.write(2, f'pids {os.getpid()} {other} '.encode())\n"
        "time.sleep(600)",
        seconds=4.0,
    )
    assert report.reasons == ("verification_failed",)
    assert report.facts["failure"] == "out of time"
    assert seconds < 15
    pids = re.search(r"pids (\d+) (\d+)", caplog.text).groups()
    assert all(wait_until_gone(int(pid)) for pid in pids)


def test_the_child_does_not_outlive_a_worker_that_is_killed():
    program = f"""
from pathlib import Path
from perception.liveness import sandbox, verify_sandboxed
from tests import captures
sandbox.CHILD = ("-s", "-E", "-B", "-c", {CONFINED + "time.sleep(600)"!r})
print("started", flush=True)
verify_sandboxed(Path("x"), captures.CHALLENGE, pack=Path("x"))
"""
    worker = subprocess.Popen(
        [sys.executable, "-c", program],
        cwd=sandbox.ROOT,
        stdout=subprocess.PIPE,
    )
    try:
        worker.stdout.readline()
        children = Path(f"/proc/{worker.pid}/task/{worker.pid}/children")
        deadline = time.monotonic() + 20
        while not (pids := children.read_text().split()) or not _is_confined(pids[0]):
            assert time.monotonic() < deadline
            time.sleep(0.02)
    finally:
        worker.send_signal(signal.SIGKILL)
        worker.wait()
        worker.stdout.close()
    assert wait_until_gone(pids[0])


def _is_confined(pid):
    return re.search(r"Max core file size\s+0\s+0", Path(f"/proc/{pid}/limits").read_text())


# --- the real child
def test_the_real_child_keeps_within_its_memory_and_the_worker_goes_on():
    limits = SandboxLimits(memory_bytes=256 * MIB, seconds=60)
    report = verify_sandboxed(
        captures.silent(), captures.CHALLENGE, pack=default_pack(), limits=limits
    )
    assert report.reasons == ("verification_failed",)
    assert report.template is None


@pytest.mark.parametrize("make", [captures.hundred_megapixels, captures.zip_bomb])
def test_the_real_child_refuses_what_is_no_capture(make, tmp_path):
    report = verify_sandboxed(make(), captures.CHALLENGE, pack=tmp_path)
    assert report.reasons in {("capture_too_large",), ("capture_unreadable",)}
    assert report.facts["network"] in {"none", "open"}


# --- what comes back is distrusted
def good():
    unit = np.zeros((3, 128), np.float32)
    unit[:, 5] = 1.0
    return CaptureReport((), unit[0], b"\xff\xd8\xff picture \xff\xd9", unit, {"seconds": 4.2})


def test_a_report_survives_the_way():
    sent, got = good(), of_bytes(to_bytes(good()))
    assert got.reasons == ()
    assert got.portrait_jpeg == sent.portrait_jpeg
    assert np.array_equal(got.template, sent.template)
    assert np.array_equal(got.samples, sent.samples)
    assert got.facts == sent.facts


NAN = "AADAfw=="  # one float32
SPOILT = {
    "not an object": lambda value: [value],
    "unknown reason": lambda value: {**value, "reasons": ["fine"]},
    "reason twice": lambda value: {**value, "reasons": ["silent", "silent"]},
    "reasons as a word": lambda value: {**value, "reasons": "silent"},
    "refused with a template": lambda value: {**value, "reasons": ["silent"]},
    "no template": lambda value: {**value, "template": None},
    "no portrait": lambda value: {**value, "portrait": None},
    "no samples": lambda value: {**value, "samples": []},
    "too many samples": lambda value: {**value, "samples": value["samples"] * 9},
    "samples of another size": lambda value: {**value, "samples": [*value["samples"], "AACAPw=="]},
    "not of unit length": lambda value: {**value, "template": "AAAAQA=="},
    "not a number": lambda value: {**value, "template": NAN},
    "not base64": lambda value: {**value, "template": "*"},
    "a page as portrait": lambda value: {**value, "portrait": "PGh0bWw+"},
    "many facts": lambda value: {**value, "facts": {"x": "x" * 20_000}},
    "facts as a list": lambda value: {**value, "facts": []},
    "no facts": lambda value: {k: v for k, v in value.items() if k != "facts"},
}


@pytest.mark.parametrize("spoil", SPOILT.values(), ids=SPOILT)
def test_an_answer_that_makes_no_sense_is_no_report(spoil):
    value = spoil(json.loads(to_bytes(good())))
    with pytest.raises(BadAnswer):
        of_bytes(json.dumps(value).encode())


@pytest.mark.parametrize("answer", [b"", b"{", b"\xff", b"[" * 100_000, b"null"])
def test_what_is_not_json_is_no_report(answer):
    with pytest.raises(BadAnswer):
        of_bytes(answer)
