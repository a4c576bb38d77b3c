"""Allow one writer per run on any file system, by a lock file with a heartbeat.

Advisory locks (flock, fcntl) depend on the mount options of a network file system; exclusive file creation does not.
The holder touches its file every ``beat_s`` seconds. A holder whose process is dead, or that missed ``missed`` beats,
loses the lock to the next process that asks. Ages are differences of time stamps on one file system, so the clocks of
two machines need not agree.
"""

import json
import os
import socket
import threading
import time
import uuid
import warnings
from dataclasses import asdict, dataclass
from pathlib import Path

from scalelaw.core.digest import digest
from scalelaw.core.errors import RunLocked, ScalelawWarning
from scalelaw.core.files import make_once, write_whole
from scalelaw.core.reading import read_text

BEAT_S = 10.0
"""Seconds between two heartbeats."""

MISSED = 6
"""Heartbeats a holder may miss before its lock is taken over."""

_LARGEST = 2**16
_LONGEST_BEAT_S = 3600.0
_KINDS: dict[str, type | tuple[type, ...]] = {
    **dict.fromkeys(("host", "machine", "birth", "token", "since"), str),
    "pid": int,
    "beat_s": (int, float),
}  # fmt: skip


@dataclass(frozen=True)
class Holder:
    """The process that holds a lock.

    Attributes:
        host: name of its machine, for messages.
        pid: its process id.
        machine: id of its machine and process namespace, within which process ids compare.
        birth: start of the process by the kernel's clock, to detect a reused process id.
        token: unique id of this holding.
        since: when it began, ISO 8601 in UTC.
        beat_s: seconds between its heartbeats.
    """

    host: str
    pid: int
    machine: str
    birth: str
    token: str
    since: str
    beat_s: float

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host} since {self.since}"


class RunLock:
    """A held lock; use ``acquire``."""

    def __init__(self, path: Path, holder: Holder) -> None:
        self.holder = holder
        self._path = path
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="scalelaw heartbeat", daemon=True)

    def start(self) -> None:
        """Start the heartbeat."""
        self._thread.start()

    def check(self) -> None:
        """Raise unless this process still holds the lock.

        Raises:
            RunLocked: it was taken over, or this is a forked child of its holder.
        """
        if os.getpid() != self.holder.pid:
            raise RunLocked(
                f"run {self._path.parent.name} was opened by process {self.holder.pid}, and this is {os.getpid()}, "
                "forked from it; record from one process only"
            )
        now = read_holder(self._path)
        if now is None or now.token != self.holder.token:
            by = f"by {now}" if now else "after its lock file was deleted"
            raise RunLocked(
                f"run {self._path.parent.name} was taken over {by}, because this process was silent for too long; "
                "this process writes nothing more"
            )

    def release(self) -> None:
        """Stop the heartbeat and delete the lock file if this process still holds it."""
        self._stop.set()
        if os.getpid() != self.holder.pid:
            return
        self._thread.join()
        now = read_holder(self._path)
        if now is not None and now.token == self.holder.token:
            self._path.unlink(missing_ok=True)

    def _beat(self) -> None:
        while not self._stop.wait(self.holder.beat_s):
            try:
                now = read_holder(self._path)
                if now is None or now.token != self.holder.token:
                    return
                os.utime(self._path)
            except OSError:  # a network file system may be away; the next beat may reach it
                continue


def acquire(path: Path, *, beat_s: float = BEAT_S, missed: int = MISSED) -> RunLock:
    """Take the lock, with a warning if from a dead or silent holder.

    Args:
        path: the lock file; its folder exists.
        beat_s: seconds between heartbeats.
        missed: heartbeats that another holder may miss before it counts as dead.

    Raises:
        RunLocked: another process holds it; the message names the process.
    """
    holder = _me(beat_s)
    if not _create(path, holder):
        why = _take_over(path, holder, missed)
        if why:
            warnings.warn(f"run {path.parent.name}: took over from {why}", ScalelawWarning, stacklevel=4)
    lock = RunLock(path, holder)
    lock.check()
    lock.start()
    return lock


def is_held(path: Path, *, missed: int = MISSED) -> bool:
    """Return whether a live process holds the lock; writes nothing."""
    try:
        age = time.time() - path.stat().st_mtime
    except FileNotFoundError:
        return False
    return _why_dead(read_holder(path), age, missed) is None


def read_holder(path: Path) -> Holder | None:
    """Return the holder in the lock file; None without a file or while it is being written."""
    try:
        said = json.loads(read_text(path, _LARGEST))
        sound = all(isinstance(said[name], kind) for name, kind in _KINDS.items())
        return Holder(**said) if sound and 0 < said["beat_s"] <= _LONGEST_BEAT_S else None
    except (FileNotFoundError, ValueError, TypeError, LookupError, RecursionError):
        return None


def _create(path: Path, holder: Holder) -> bool:
    """Create the lock file; return False if it existed."""
    return make_once(path, _line(holder))


def _line(holder: Holder) -> bytes:
    return (json.dumps(asdict(holder)) + "\n").encode()


def _take_over(path: Path, holder: Holder, missed: int) -> str | None:
    """Replace a dead holder; return its description, or None if the lock was released meanwhile.

    A second exclusive file ensures that only one of several processes replaces it.
    """
    taking = path.with_name(path.name + ".taking")
    if not _create(taking, holder):
        if _why_dead(read_holder(taking), _age(taking, holder.token), missed) is None:
            raise RunLocked(f"run {path.parent.name} is being taken over by {read_holder(taking) or 'another process'}")
        taking.unlink(missing_ok=True)
        return _take_over(path, holder, missed)
    try:
        if _create(path, holder):
            return None
        current = read_holder(path)
        why = _why_dead(current, _age(path, holder.token), missed)
        if why is None:
            raise RunLocked(
                f"run {path.parent.name} is being written by {current or 'another process'}; a run has one writer: "
                "record from one process (rank 0), change a setting for another run, or wait for it to finish"
            )
        write_whole(path, _line(holder))
        return f"{current or 'a process that left an empty lock'}, {why}"
    finally:
        taking.unlink(missing_ok=True)


def _age(path: Path, token: str) -> float:
    """Return seconds since the last heartbeat by the file system's clock; infinite without a file."""
    probe = path.with_name(f"{path.name}.{token}.clock")
    try:
        make_once(probe)
        return probe.stat().st_mtime - path.stat().st_mtime
    except FileNotFoundError:
        return float("inf")
    finally:
        probe.unlink(missing_ok=True)


def _why_dead(holder: Holder | None, age: float, missed: int) -> str | None:
    """Return why a holder counts as dead, or None."""
    if holder is None:
        return f"silent for {age:.3g} s" if age > missed * BEAT_S else None
    if holder.machine == _machine() and _birth(holder.pid) not in (holder.birth, "unknown"):
        return "which has died"
    if age > missed * holder.beat_s:
        return f"which has been silent for {age:.3g} s ({missed} heartbeats of {holder.beat_s:g} s missed)"
    return None


def _me(beat_s: float) -> Holder:
    since = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    pid = os.getpid()
    return Holder(socket.gethostname(), pid, _machine(), _birth(pid), uuid.uuid4().hex, since, beat_s)


def _machine() -> str:
    """Return an id of the machine and process namespace."""
    parts = [socket.gethostname()]
    try:
        parts.append(read_text("/proc/sys/kernel/random/boot_id", _LARGEST).strip())
        parts.append(os.readlink("/proc/self/ns/pid"))
    except OSError:  # not Linux: use the host name
        pass
    return digest(parts)


def _birth(pid: int) -> str:
    """Return the start of a process, ``gone`` if it is dead, ``unknown`` where the system does not report it."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return "gone"
    except PermissionError:
        pass
    try:
        state, *rest = read_text(f"/proc/{pid}/stat", _LARGEST).rpartition(")")[2].split()
    except OSError:
        return "unknown"
    return "gone" if state in "ZX" else rest[18]
