"""Allow one writer on any file system, by a lock file with owner and heartbeat; runs and registries share it.

Advisory locks (flock, fcntl) depend on the mount options of a network file system; creating a file that must be new
does not. The holder touches its file every ``beat_s`` seconds. A holder whose process is gone loses the lock at once to
the next process that asks. A holder that is stopped, or on another machine, loses it after ``missed`` beats without a
sign. A process that runs on this machine never loses it, whatever the time stamp. Ages are differences of time stamps
on one file system, so the clocks of two machines need not agree; a heartbeat more than ``SKEW_S`` seconds in the future
counts as forged.

A dead holder is replaced in two steps. Its *claim*, a file named after its token, must be new, so one process gets it;
if the dead holder is still in place then, the claim takes the name of the lock. A claim is a lock itself: if its owner
dies, it is replaced the same way.
"""

import contextlib
import json
import os
import re
import socket
import stat
import threading
import time
import uuid
import warnings
from dataclasses import asdict, dataclass
from pathlib import Path

from scalelaw.core.digest import digest
from scalelaw.core.errors import BadInput, ScalelawWarning
from scalelaw.core.files import now_in, take_place, write_whole
from scalelaw.core.owners.process import HIGHEST_PID, birth, life, machine
from scalelaw.core.reading import read_text

BEAT_S = 10.0
"""Seconds between two heartbeats."""

MISSED = 6
"""Heartbeats a holder may miss before its lock is taken over."""

SKEW_S = 300.0
"""Seconds that a heartbeat may lie in the future; clocks of machines that share a file system differ by less."""

_LARGEST = 2**12
_LONGEST_BEAT_S = 3600.0
_LONGEST_TEXT = 300
_TEXTS = ("host", "machine", "birth", "token", "since")
_TRIES = 100
_POLL_S = 0.05


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


@dataclass(frozen=True)
class Guarded:
    """What a lock guards, for messages.

    Attributes:
        name: e.g. ``run 0123``.
        advice: what to do while another process writes it.
        error: the error to raise then.
    """

    name: str
    advice: str
    error: type[BadInput] = BadInput

    def busy(self, holder: Holder | None, path: Path) -> BadInput:
        """Return the error for a lock that a live process holds."""
        if holder is None:
            return self.error(f"{self.name} is locked by another process; if none is running, delete {path}")
        return self.error(f"{self.name} is being written by {holder}; {self.advice}")


class Lock:
    """A held lock; use ``acquire``."""

    def __init__(self, path: Path, holder: Holder, guarded: Guarded) -> None:
        self.holder = holder
        self._path = path
        self._guarded = guarded
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="scalelaw heartbeat", daemon=True)

    def start(self) -> None:
        """Start the heartbeat."""
        self._thread.start()

    def check(self) -> None:
        """Raise unless this process still holds the lock.

        Raises:
            BadInput: it was taken over, or this is a forked child of its holder; ``guarded.error``.
        """
        if os.getpid() != self.holder.pid:
            raise self._guarded.error(
                f"{self._guarded.name} was opened by process {self.holder.pid}, and this is {os.getpid()}, "
                "forked from it; record from one process only"
            )
        now = read_holder(self._path)
        if now is None or now.token != self.holder.token:
            by = f"by {now}" if now else "after its lock file was deleted"
            raise self._guarded.error(
                f"{self._guarded.name} was taken over {by}, because this process was silent for too long; "
                "this process writes nothing more"
            )

    def release(self) -> None:
        """Stop the heartbeat and delete the lock file if this process still holds it."""
        self._stop.set()
        if os.getpid() != self.holder.pid:
            return
        self._thread.join()
        claim = _claim(self._path, digest(self.holder.token))
        with contextlib.suppress(OSError):
            try:
                write_whole(claim, _line(self.holder), over=False)
            except FileExistsError:  # another process ends this holding
                return
            except BadInput:  # the disk is full
                pass
            try:
                if self._is_mine():
                    self._path.unlink(missing_ok=True)
            finally:
                claim.unlink(missing_ok=True)

    def _is_mine(self) -> bool:
        now = read_holder(self._path)
        return now is not None and now.token == self.holder.token

    def _beat(self) -> None:
        while not self._stop.wait(self.holder.beat_s):
            try:
                if not self._is_mine():
                    return
                os.utime(self._path)
            except OSError:  # a network file system may be away; the next beat may reach it
                continue


def acquire(path: Path, guarded: Guarded, *, beat_s: float = BEAT_S, missed: int = MISSED, wait_s: float = 0.0) -> Lock:
    """Take the lock, with a warning if from a dead or silent holder.

    Args:
        path: the lock file; its folder exists.
        guarded: what it guards.
        beat_s: seconds between heartbeats.
        missed: heartbeats that another holder may miss before it counts as dead.
        wait_s: seconds to wait for another process.

    Raises:
        BadInput: another process holds it, as ``guarded.error`` that names the process; something other than a lock is
            there; or the folder cannot be written.
    """
    holder, end = _me(beat_s), time.monotonic() + wait_s
    while True:
        try:
            why = _seize(path, holder, missed)
            break
        except _Busy as busy:
            if time.monotonic() > end:
                raise guarded.busy(busy.holder, path) from None
        time.sleep(_POLL_S)
    if why:
        warnings.warn(f"{guarded.name}: took over from {why}", ScalelawWarning, stacklevel=4)
    lock = Lock(path, holder, guarded)
    lock.check()
    _clear_claims(path)
    lock.start()
    return lock


def is_held(path: Path, *, missed: int = MISSED) -> bool:
    """Return whether a live process holds the lock; writes nothing and never raises."""
    try:
        seen = _look(path)
    except (BadInput, OSError):
        return False
    return seen is not None and _why_dead(seen, time.time(), missed) is None


def read_holder(path: Path) -> Holder | None:
    """Return the holder in the lock file; None without a file or if it does not state one."""
    try:
        stated = json.loads(read_text(path, _LARGEST))
        holder = Holder(**stated)
        texts = [getattr(holder, name) for name in _TEXTS]
        sound = (
            all(isinstance(text, str) and len(text) <= _LONGEST_TEXT for text in texts)
            and isinstance(holder.pid, int)
            and 0 < holder.pid <= HIGHEST_PID
            and isinstance(holder.beat_s, int | float)
            and 0 < holder.beat_s <= _LONGEST_BEAT_S
        )
    except (OSError, ValueError, TypeError, LookupError, RecursionError):
        return None
    return holder if sound else None


class _Busy(Exception):
    """A live process holds a lock."""

    def __init__(self, holder: Holder | None) -> None:
        super().__init__()
        self.holder = holder


@dataclass(frozen=True)
class _Seen:
    """A lock file.

    Attributes:
        holder: its holder, None if it does not state one.
        mark: a digest of the holding's token, or of what is known of the file.
        beat: time of the last heartbeat.
        size: bytes of the file.
    """

    holder: Holder | None
    mark: str
    beat: float
    size: int

    def __str__(self) -> str:
        return str(self.holder or f"a process that left an {'unreadable' if self.size else 'empty'} lock")


def _look(path: Path) -> _Seen | None:
    """Return a lock file, None without one.

    Raises:
        BadInput: something other than a file is there.
    """
    try:
        there = path.lstat()
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(there.st_mode):
        raise BadInput(f"{path} is a link, folder, pipe or device, where a lock file belongs; delete it")
    holder = read_holder(path)
    mark = digest(holder.token if holder else [there.st_ino, there.st_mtime_ns, there.st_size])
    return _Seen(holder, mark, there.st_mtime, there.st_size)


def _seize(path: Path, holder: Holder, missed: int) -> str:
    """Put a holder into a lock file; return from whom it was taken over and why, empty if the lock was free.

    Raises:
        _Busy: a live process holds it, or is taking it over.
        BadInput: the folder cannot be written, or something other than a file is there.
    """
    for _ in range(_TRIES):  # another try only after another process changed the lock
        try:
            write_whole(path, _line(holder), over=False)
            return ""
        except FileExistsError:
            seen = _look(path)
        if seen is None:
            continue
        why = _why_dead(seen, _now(path.parent), missed)
        if why is None:
            raise _Busy(seen.holder)
        claim = _claim(path, seen.mark)
        _seize(claim, holder, missed)
        still = _look(path)
        if still is None or still.mark != seen.mark:
            claim.unlink(missing_ok=True)
            continue
        try:
            take_place(claim, path)
        except FileNotFoundError:  # this process was silent, and lost the claim
            continue
        return f"{seen}, {why}"
    raise _Busy(None)


def _why_dead(seen: _Seen, now: float, missed: int) -> str | None:
    """Return why a holder counts as dead, or None."""
    age, holder, limit = now - seen.beat, seen.holder, missed * BEAT_S
    if holder is not None:
        alive = life(holder.machine, holder.pid, holder.birth)
        if alive == "gone":
            return "which has died"
        if alive == "runs":
            return None
        limit = missed * holder.beat_s
    if age < -SKEW_S:
        return f"whose heartbeat lies {-age:.3g} s in the future"
    if age <= limit:
        return None
    beats = f" ({missed} heartbeats of {holder.beat_s:g} s missed)" if holder else ""
    return f"which has been silent for {age:.3g} s{beats}"


def _clear_claims(path: Path) -> None:
    """Delete the claims that killed processes left on earlier holders of a lock, which this process holds now."""
    claims = re.compile(re.escape(path.name) + r"(\.[0-9a-f]{16})+")
    with contextlib.suppress(OSError):
        for each in sorted(path.parent.iterdir()):
            holder = read_holder(each) if claims.fullmatch(each.name) else None
            if holder is not None and life(holder.machine, holder.pid, holder.birth) == "gone":
                each.unlink(missing_ok=True)


def _claim(path: Path, mark: str) -> Path:
    return path.with_name(f"{path.name}.{mark}")


def _now(folder: Path) -> float:
    try:
        return now_in(folder)
    except OSError:  # it cannot be written; taking the lock will report that
        return time.time()


def _line(holder: Holder) -> bytes:
    return (json.dumps(asdict(holder)) + "\n").encode()


def _me(beat_s: float) -> Holder:
    since = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    pid = os.getpid()
    return Holder(socket.gethostname(), pid, machine(), birth(pid), uuid.uuid4().hex[:16], since, beat_s)
