"""Make the virtual environment beside the checkout, install what changed, then become a command.

Last it makes the face pack, from weights that come with the packages.

`install.py [--dev] COMMAND…` needs nothing but Python's own library. COMMAND runs under the
environment's interpreter. Two at a time wait for each other; an environment that is up to
date costs a few milliseconds and no network.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import os
import re
import signal
import subprocess
import sys
import tempfile
import types
import urllib.parse
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
BARE = "requirements-bare.txt"  # packages that must come without what they ask for
PACK = "perception.faces.build"
OURS = {"PIP_USER": "0", "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1"}


def main() -> None:
    """Install when needed, then run the command in our place."""
    arguments = sys.argv[1:]
    names = ["requirements.txt"]
    if arguments[:1] == ["--dev"]:
        names.append("requirements-dev.txt")
        del arguments[0]
    signal.signal(signal.SIGTERM, stop)  # so that pip does not outlive us
    lock = os.open(ROOT, os.O_RDONLY)  # a folder can be locked: no file to leave behind
    fcntl.flock(lock, fcntl.LOCK_EX)
    try:
        ensure_installed(names)
    except (OSError, subprocess.CalledProcessError) as error:
        sys.exit(f"could not install: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
    os.close(lock)
    os.execv(PYTHON, [str(PYTHON), *arguments])  # noqa: S606 - no shell is the point


def stop(number: int, frame: types.FrameType | None) -> None:
    """Do as Ctrl-C does: end at once, with the child that `subprocess` waits for."""
    signal.default_int_handler(number, frame)


def ensure_installed(names: list[str]) -> None:
    """Bring the environment to what the files ask for; nothing to do is the normal case."""
    stamps = VENV / "installed"
    wanted = [stamps / fingerprint(names[: i + 1]) for i in range(len(names))]
    if PYTHON.exists() and all(stamp.exists() for stamp in wanted):
        return
    if not runs([str(PYTHON), "-c", "import pip, sys; sys.exit(sys.version_info < (3, 11))"]):
        say(f"making {VENV} with Python {sys.version.split()[0]}")
        make_venv()
    say("installing packages; the first time this takes a few minutes")
    files = [part for name in names for part in ("-r", str(ROOT / name))]
    stamps.mkdir(exist_ok=True)
    for old in stamps.iterdir():  # first: a failure half-way must not look finished
        old.unlink()
    install = [str(PYTHON), "-m", "pip", "install", "--progress-bar=off"]
    execute([*install, *files])
    execute([*install, "--no-deps", "-r", str(ROOT / BARE)])
    execute([str(PYTHON), "-m", PACK])
    for stamp in wanted:
        stamp.touch()


def fingerprint(names: list[str]) -> str:
    """Return a name for the interpreter and the content of all that decides what is installed."""
    digest = hashlib.sha256(repr(sys.version_info[:2]).encode())
    for name in (*names, BARE, PACK.replace(".", "/") + ".py"):
        for file in with_included(ROOT / name):
            digest.update(file.read_bytes())
    return digest.hexdigest()[:24]


def with_included(file: Path) -> list[Path]:
    """Return a requirement file and those it includes by `-r`."""
    found = [file]
    for name in re.findall(r"^-r +(\S+)", file.read_text(encoding="utf-8"), re.MULTILINE):
        found += with_included(file.parent / name)
    return found


def make_venv() -> None:
    """Make the environment, with pip in it even where the system's Python came without."""
    if importlib.util.find_spec("ensurepip"):
        execute([sys.executable, "-m", "venv", "--clear", str(VENV)])
        return
    execute([sys.executable, "-m", "venv", "--clear", "--without-pip", str(VENV)])
    if runs([sys.executable, "-m", "pip", "--version"]):
        execute([sys.executable, "-m", "pip", "--python", str(PYTHON), "install", "pip"])
        return
    say("this Python has no ensurepip and no pip; taking pip from the package index")
    try:
        with tempfile.TemporaryDirectory() as folder:
            wheel = download_pip(Path(folder))
            execute([str(PYTHON), f"{wheel}/pip", "install", "--no-index", str(wheel)])
    except (OSError, ValueError) as error:
        sys.exit(
            f"no pip: {error}\nInstall it with your system's packages "
            "(Debian and Ubuntu: apt install python3-venv), then start again"
        )


def download_pip(folder: Path) -> Path:
    """Fetch the newest pip wheel that the package index lists; its checksum is verified.

    Raises:
        ValueError: the index lists none, or the checksum differs.
    """
    index = os.environ.get("PIP_INDEX_URL", "https://pypi.org/simple").rstrip("/") + "/pip/"
    with urllib.request.urlopen(index, timeout=60) as page:  # noqa: S310 - the operator's own index
        text = page.read().decode()
    link = r'href="([^"#]+/(pip-(\d+(?:\.\d+)*)-py3-none-any\.whl))#sha256=([0-9a-f]{64})"'
    found: list[tuple[str, str, str, str]] = re.findall(link, text)
    if not found:
        raise ValueError(f"{index} lists no pip")
    url, name, _, checksum = max(found, key=lambda row: tuple(map(int, row[2].split("."))))
    with urllib.request.urlopen(urllib.parse.urljoin(index, url), timeout=60) as wheel:  # noqa: S310
        content = wheel.read()
    if hashlib.sha256(content).hexdigest() != checksum:
        raise ValueError(f"the checksum of {name} differs from the index's")
    (folder / name).write_bytes(content)
    return folder / name


def execute(argv: list[str]) -> None:
    """Run a command of ours in the checkout to its good end; its output, progress, is for stderr.

    Raises:
        subprocess.CalledProcessError: it failed.
    """
    environment = os.environ | OURS
    subprocess.run(argv, check=True, stdout=sys.stderr, env=environment, cwd=ROOT)  # noqa: S603


def runs(argv: list[str]) -> bool:
    """Tell whether a command exists and ends well."""
    try:
        subprocess.run(argv, check=True, capture_output=True)  # noqa: S603
    except (OSError, subprocess.CalledProcessError):
        return False
    return True


def say(line: str) -> None:
    """Show progress."""
    sys.stderr.write(f"{line}\n")


if __name__ == "__main__":
    main()
