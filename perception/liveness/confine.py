"""What the child of the sandbox gives up before it opens a capture. Irreversible, for this process.

Linux only in parts: elsewhere the limits that the system knows are set and the rest is left out.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Mapping
from contextlib import suppress

_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS = 1, 38
_CLONE_NEWIPC, _CLONE_NEWUSER, _CLONE_NEWNET = 0x08000000, 0x10000000, 0x40000000


def confine(limits: Mapping[str, float], *, parent: int) -> bool:
    """Take this process's rights away, as far as the system lets it; call before any thread starts.

    Args:
        limits: the fields of `SandboxLimits`.
        parent: id of the process that must outlive this one.

    Returns:
        Whether the network is out of reach: it is where an unprivileged process may make a
        namespace of its own. Docker's default profile and some distributions forbid that.
    """
    isolated = False
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        libc.prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
        if os.getppid() != parent:  # it died before we asked
            os._exit(1)
        libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        isolated = bool(libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET | _CLONE_NEWIPC) == 0)
    _limit(limits)
    return isolated


def _limit(limits: Mapping[str, float]) -> None:
    import resource  # noqa: PLC0415 POSIX only

    wanted = {
        resource.RLIMIT_AS: int(limits["memory_bytes"]),
        resource.RLIMIT_CPU: int(limits["cpu_seconds"]),
        resource.RLIMIT_FSIZE: int(limits["written_bytes"]),
        resource.RLIMIT_NOFILE: int(limits["open_files"]),
        resource.RLIMIT_CORE: 0,  # a core dump would be a picture of somebody's face
    }
    # No limit on processes: it counts all of the user's, workers and their threads included.
    for kind, most in wanted.items():
        with suppress(ValueError, OSError):  # macOS refuses some; a lower hard limit stays
            resource.setrlimit(kind, (most, most))
