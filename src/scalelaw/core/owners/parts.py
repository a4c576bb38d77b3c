"""Name files and folders that are still being written after their writer, and delete those whose writer is dead.

A killed process cannot remove its part, so the next write into the folder removes it: at once if the writer ran on this
machine and is gone, after a day if it ran elsewhere. The part of a process that still runs here always stays.
"""

import contextlib
import os
import re
import secrets
import shutil
import stat
import time
from pathlib import Path

from scalelaw.core.owners.process import birth, life, machine

_NAME = re.compile(r"\.scalelaw-(?:([0-9a-f]{16})-([0-9]{1,10})-([0-9]{1,20}|unknown)-)?[0-9a-f]{32}\.part")
_ABANDONED_S = 86_400.0
"""Age at which the part of a writer elsewhere counts as abandoned."""

_SHARE = 20
"""Looking for parts takes at most this fraction, 1/20, of the time."""

_MOST_FOLDERS = 1000
_due: dict[str, float] = {}


def part_name() -> str:
    """Return a new unguessable name that states its writer."""
    pid = os.getpid()
    return f".scalelaw-{machine()}-{pid}-{birth(pid)}-{secrets.token_hex(16)}.part"


def sweep(folder: str | os.PathLike[str]) -> None:
    """Delete the parts of dead writers in a folder; never raises.

    In a folder of many files it searches less often, so that many writes stay fast.
    """
    start = time.monotonic()
    if start < _due.get(os.fspath(folder), start):
        return
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            match = _NAME.fullmatch(entry.name)
            if match:
                with contextlib.suppress(OSError):
                    _delete_abandoned(Path(entry.path), *match.groups())
    now = time.monotonic()
    if len(_due) >= _MOST_FOLDERS:
        _due.clear()
    _due[os.fspath(folder)] = now + _SHARE * (now - start)


def _delete_abandoned(part: Path, where: str | None, pid: str | None, born: str | None) -> None:
    there = part.lstat()
    if hasattr(os, "geteuid") and there.st_uid != os.geteuid():
        return
    alive = life(where, int(pid), born) if where and pid and born else "unknown"
    if alive not in ("gone", "unknown") or (alive == "unknown" and time.time() - there.st_mtime < _ABANDONED_S):
        return
    if stat.S_ISDIR(there.st_mode):
        shutil.rmtree(part, ignore_errors=True)
    elif stat.S_ISREG(there.st_mode):
        part.unlink()
