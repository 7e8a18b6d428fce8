"""How PostgreSQL, which refuses to run as root, gets to run all the same.

Not root: as ourselves. Root: the first rung of this ladder that holds is taken.

- `direct`: dropped to an existing user, where that user can reach binaries and data;
- `namespace`: root seen as nobody inside a user namespace, for folders only root can enter;
- `copy`: binaries and data moved to a folder that the dropped user can enter, for containers
  that forbid user namespaces.
"""

from __future__ import annotations

import hashlib
import os
import pwd
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from config.local import processes
from config.local.state import LocalServiceError

RUNGS = ("direct", "namespace", "copy")
HOMES = (Path("/var/lib"), Path("/var/tmp"))  # noqa: S108 - a fresh 0711 folder is made inside
REACHES = 'cd "$1" && test -w . && cd "$2" && test -w . && exec "$3" --version'


@dataclass(frozen=True, slots=True)
class Footing:
    """Who runs the server, from which installation, on which folders."""

    rung: str
    identity: str  # as in `child.py`
    uid: int
    gid: int
    install: Path  # folder that holds bin/, lib/, share/
    cluster: Path  # folder of the data folder
    socket_dir: Path


def find_footing(
    *,
    install: Path,
    cluster: Path,
    socket_dir: Path,
    log: Path,
    rungs: Sequence[str] = RUNGS,
    homes: Sequence[Path] = HOMES,
) -> Footing:
    """Return the first footing on which the server can run, its folders made and owned right.

    Args:
        install: the installed PostgreSQL (bin/, lib/, share/).
        cluster: the folder for the data; a symbolic link once its data had to move.
        socket_dir: the folder for the socket, where every user may pass through its parents.
        log: file for what the attempts say.
        rungs: which rungs may be tried when we are root, in this order.
        homes: where a private folder for copies may be made.

    Raises:
        LocalServiceError: no rung holds; the text says what to do.
    """
    own = Footing("own", "keep", os.getuid(), os.getgid(), install, cluster, socket_dir)
    if own.uid != 0:
        make_folders(own)
        return own
    user = existing_user()
    uid, gid = user.pw_uid, user.pw_gid
    dropped = replace(own, identity=f"{uid}:{gid}", uid=uid, gid=gid)
    for footing in candidates(own, dropped, rungs=rungs, homes=homes, log=log):
        if holds(footing, log=log):
            return footing
    raise LocalServiceError(
        f"PostgreSQL does not run as root, user {user.pw_name} cannot reach {install} or "
        f"{cluster}, and this machine forbids user namespaces. Run as an ordinary user, move the "
        "checkout and --state out of folders closed to others, or set DATABASE_URL. "
        f"What was tried is in {log}"
    )


def candidates(
    own: Footing, dropped: Footing, *, rungs: Sequence[str], homes: Sequence[Path], log: Path
) -> Iterator[Footing]:
    """Give each footing of the ladder to try; a copy is made only when its turn comes."""
    for rung in rungs:
        if rung == "direct":
            yield replace(dropped, rung=rung)
        elif rung == "namespace":
            yield replace(own, rung=rung, identity="namespace")
        else:
            for folder in homes:
                moved = move_below(folder, replace(dropped, rung=rung), log=log)
                if moved is not None:
                    yield moved


def holds(footing: Footing, *, log: Path) -> bool:
    """Give the folders to the footing's user, then try to enter them and run the binary."""
    make_folders(footing)
    folders = [str(footing.cluster.resolve()), str(footing.socket_dir)]
    binary = str(footing.install / "bin" / "postgres")
    argv = ["/bin/sh", "-c", REACHES, "sh", *folders, binary]
    return processes.run(argv, log=log, identity=footing.identity) == 0


def make_folders(footing: Footing) -> None:
    """Make the folders private to the footing's user, and hand over what another user left."""
    for folder in (footing.cluster, footing.socket_dir):
        folder.mkdir(parents=True, exist_ok=True)
        real = folder.resolve()
        if real.stat().st_uid != footing.uid:
            for parent, _, files in os.walk(real):
                for path in (parent, *(f"{parent}/{name}" for name in files)):
                    os.chown(path, footing.uid, footing.gid, follow_symlinks=False)
        real.chmod(0o700)


def move_below(folder: Path, footing: Footing, *, log: Path) -> Footing | None:
    """Copy the binaries and move the data below a folder; None: we may not use it.

    The state folder keeps a symbolic link to its data. Doing it twice moves nothing.
    """
    name = hashlib.sha256(str(footing.cluster.absolute()).encode()).hexdigest()[:12]
    home = folder / f"vignette-{name}"
    try:
        home.mkdir(mode=0o711, exist_ok=True)
        if home.is_symlink() or home.stat().st_uid != 0:  # somebody else was here before us
            return None
        home.chmod(0o711)
        copied = copy_install(footing.install, home)
        move_cluster(footing.cluster, home / "postgres")
    except OSError as error:
        with log.open("a", encoding="utf-8") as file:
            file.write(f"copying to {home}: {error}\n")
        return None
    return replace(footing, install=copied)


def move_cluster(cluster: Path, target: Path) -> None:
    """Leave a symbolic link where the data was; nothing to do when it is one."""
    if cluster.is_symlink():
        return
    cluster.parent.mkdir(parents=True, exist_ok=True)
    if cluster.exists():
        shutil.move(cluster, target)
    else:
        target.mkdir(exist_ok=True)
    cluster.symlink_to(target)


def copy_install(install: Path, home: Path) -> Path:
    """Copy bin/, lib/ and share/ with the libraries beside them, once per installed version."""
    stamp = hashlib.sha256(f"{install}{install.stat().st_mtime_ns}".encode()).hexdigest()[:12]
    done = home / stamp
    package = install.parent  # its libraries are found by a relative path: keep the layout
    if not done.exists():
        draft = home / f"{stamp}.new"
        shutil.rmtree(draft, ignore_errors=True)
        skip = shutil.ignore_patterns("include", "__pycache__")
        shutil.copytree(package, draft / package.name, ignore=skip)
        libraries = package.with_name(f"{package.name}.libs")
        if libraries.exists():
            shutil.copytree(libraries, draft / libraries.name)
        draft.rename(done)
    return done / package.name / install.name


def existing_user() -> pwd.struct_passwd:
    """Return the user that root drops to: `postgres` where there is one, else `nobody`.

    Raises:
        LocalServiceError: the machine has neither.
    """
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise LocalServiceError(
        "PostgreSQL does not run as root, and this machine has neither a user postgres nor nobody; "
        "run as an ordinary user or set DATABASE_URL"
    )
