"""bin/run and bin/test by themselves: an interpreter is found, packages are installed once."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.instances import ROOT

MAKES_A_PACK = """
import pathlib, sys
with pathlib.Path(sys.prefix, "packs").open("a") as made:
    made.write("made\\n")
"""


@pytest.fixture
def checkout(tmp_path):
    """A checkout in a folder with spaces, without packages to install; its manage.py echoes."""
    folder = tmp_path / "a check out"
    shutil.copytree(ROOT / "bin", folder / "bin", ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "requirements.txt").write_text("# nothing\n-r more/requirements.txt\n")
    (folder / "requirements-dev.txt").write_text("# nothing\n")
    (folder / "more").mkdir()
    (folder / "more" / "requirements.txt").write_text("# nothing\n")
    (folder / "requirements-bare.txt").write_text("# nothing\n")
    (folder / "perception" / "faces").mkdir(parents=True)
    (folder / "perception" / "faces" / "build.py").write_text(MAKES_A_PACK)
    (folder / "manage.py").write_text("import sys; print(sys.argv[1:], sys.prefix)\n")
    return folder


def start(checkout: Path, *arguments: str, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [str(checkout / "bin" / "run"), *arguments],
        cwd="/",
        env=os.environ | {"HOME": "/nonexistent"} | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def packs_made(checkout: Path) -> int:
    return len((checkout / ".venv" / "packs").read_text().splitlines())


@pytest.mark.slow
def test_packages_are_installed_once_by_two_at_a_time_and_again_after_a_change(checkout):
    both = [start(checkout, "--state", "a b"), start(checkout, "--state", "a b")]
    outputs = [process.communicate(timeout=120) for process in both]
    expected = f"['up', '--state', 'a b'] {checkout / '.venv'}\n"
    assert [output for output, _ in outputs] == [expected, expected]
    assert sorted("making" in progress for _, progress in outputs) == [False, True]

    output, progress = start(checkout).communicate(timeout=60)
    assert (output, progress) == (f"['up'] {checkout / '.venv'}\n", "")
    assert packs_made(checkout) == 1

    (checkout / "more" / "requirements.txt").write_text("-r missing.txt\n")
    failed = start(checkout)
    output, progress = failed.communicate(timeout=60)
    assert (failed.returncode, output) == (1, "")
    assert "missing.txt" in progress

    (checkout / "more" / "requirements.txt").write_text("# changed\n")
    output, progress = start(checkout).communicate(timeout=60)  # what failed is tried again
    assert output.startswith("['up']")
    assert "installing packages" in progress
    assert "making" not in progress
    assert packs_made(checkout) == 2


def test_a_machine_without_a_new_enough_python_is_told(checkout, tmp_path):
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("dirname", "sh"):
        (tools / name).symlink_to(shutil.which(name))
    old = tools / "python3"
    old.write_text('#!/bin/sh\n[ "$1" = --version ] && echo Python 3.9.2 || exit 1\n')
    old.chmod(0o755)
    process = start(checkout, PATH=str(tools))
    output, message = process.communicate(timeout=20)
    assert process.returncode == 1
    assert output == ""
    assert message == (
        "Vignette needs Python 3.11 or newer; the newest found here is: Python 3.9.2\n"
    )
