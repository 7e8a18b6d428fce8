"""Become a child that cannot outlive its parent: `child.py SIGNAL PARENT IDENTITY argv…`.

Run by path with the bare interpreter (`python -I -S`, 15 ms), never imported. A shim and not a
`preexec_fn`, because code between fork and exec is unsafe beside threads. IDENTITY is `keep`,
`UID:GID` (drop to that user) or `namespace` (root, seen as nobody from inside a user namespace).
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

NOBODY = 65534
CLONE_NEWUSER = 0x10000000
PR_SET_PDEATHSIG = 1


def main() -> None:
    """Take a session, an identity and a death signal, then become the program."""
    death_signal, parent, identity = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    os.setsid()  # Ctrl-C reaches the supervisor alone, which stops us in the right order
    for ignored in (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGINT):
        signal.signal(ignored, signal.SIG_DFL)
    take_identity(identity)
    # After the change of identity: the kernel clears the death signal when credentials change.
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, death_signal)
    if os.getppid() != parent:  # it died before the kernel knew whom to watch
        sys.exit(1)
    os.execv(sys.argv[4], sys.argv[4:])  # noqa: S606 - no shell is the point


def take_identity(identity: str) -> None:
    """Become the user that IDENTITY names."""
    if identity == "namespace":
        if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWUSER) != 0:
            sys.exit(f"unshare: {os.strerror(ctypes.get_errno())}")
        write("/proc/self/setgroups", "deny")
        write("/proc/self/uid_map", f"{NOBODY} 0 1")
        write("/proc/self/gid_map", f"{NOBODY} 0 1")
    elif identity != "keep":
        uid, gid = (int(part) for part in identity.split(":"))
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)


def write(path: str, text: str) -> None:
    """Write one line to a file of /proc."""
    with open(path, "w", encoding="ascii") as file:  # noqa: PTH123 - pathlib doubles the start-up time
        file.write(text)


main()
