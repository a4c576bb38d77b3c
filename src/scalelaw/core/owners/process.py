"""Identify a process beyond its number, and find out whether it still runs.

Process numbers compare only on one machine and in one process namespace, and are used again after a process ends; its
start by the kernel's clock distinguishes two processes of one number.
"""

import os
import socket
from functools import cache
from typing import Literal

from scalelaw.core.reading import read_text

Life = Literal["runs", "stopped", "gone", "unknown"]
"""What is known of a process; *unknown* for one elsewhere, and where the system does not report the start of one."""

HIGHEST_PID = 2**31 - 1
"""Highest process number of any system."""

_LARGEST = 2**16
_GONE, _UNKNOWN = "gone", "unknown"


@cache
def machine() -> str:
    """Return an id of this machine and process namespace, within which process numbers compare."""
    from scalelaw.core.digest import digest  # late: it needs numpy, and help must not wait for that

    parts = [socket.gethostname()]
    try:
        parts.append(read_text("/proc/sys/kernel/random/boot_id", _LARGEST).strip())
        parts.append(os.readlink("/proc/self/ns/pid"))
    except OSError:  # not Linux: use the host name
        pass
    return digest(parts)


def birth(pid: int) -> str:
    """Return the start of a process, ``gone`` if it is dead, ``unknown`` where the system does not report it."""
    return _status(pid)[0]


def life(where: str, pid: int, born: str) -> Life:
    """Return whether a process runs, is stopped or is gone, or ``unknown``.

    Args:
        where: its machine, as ``machine`` returns it.
        pid: its number.
        born: its start, as ``birth`` returned it.
    """
    if where != machine() or not 0 < pid <= HIGHEST_PID:
        return "unknown"
    now, stopped = _status(pid)
    if now == _GONE:
        return "gone"
    if _UNKNOWN in (now, born):
        return "unknown"
    return "gone" if now != born else "stopped" if stopped else "runs"


def _status(pid: int) -> tuple[str, bool]:
    """Return the start of a process, and whether it is stopped."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return _GONE, False
    except OSError:
        pass
    try:
        state, *rest = read_text(f"/proc/{pid}/stat", _LARGEST).rpartition(")")[2].split()
        return (_GONE if state in "ZX" else rest[18]), state in "Tt"
    except (OSError, ValueError, IndexError):  # not Linux, or it ended in between
        return _UNKNOWN, False
