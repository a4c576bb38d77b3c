"""One writer at a time: races over dead locks, forged heartbeats, and files that are not locks."""

import json
import os
import random
import socket
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from scalelaw.core.errors import BadInput, RunLocked, ScalelawWarning
from scalelaw.core.owners import lock
from scalelaw.core.owners.lock import Guarded, Holder, acquire, is_held

GUARDED = Guarded("run 7", "wait for it", RunLocked)
NOW_DEAD = 4_000_000
"""A process number above the highest of a usual Linux machine."""


def held_by(path: Path, *, age: float = 0.0, **changes: Any) -> Holder:
    """Leave a lock of another holder, last touched ``age`` seconds ago."""
    holder = replace(lock._me(0.5), token=os.urandom(8).hex(), **changes)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(asdict(holder)))
    os.utime(path, (time.time() - age, time.time() - age))
    return holder


def elsewhere(path: Path, *, age: float, **changes: Any) -> Holder:
    return held_by(path, age=age, **{"host": "node7", "machine": "another", "pid": 1, "birth": "5", **changes})


def dead(path: Path) -> Holder:
    """Leave the lock of a process of this machine that has died."""
    return held_by(path, pid=NOW_DEAD)


TAKER = """
import json, os, sys, time, warnings
from pathlib import Path
from scalelaw.core.owners.lock import Guarded, acquire
from scalelaw.core.errors import BadInput

warnings.simplefilter("ignore")
folder = Path(sys.argv[1])
print("ready", flush=True)
for line in sys.stdin:
    path = folder / line.strip() / "lock"
    try:
        held = acquire(path, Guarded("run", "wait"))
    except BadInput as error:
        print("lost", str(error), flush=True)
    else:
        print("won", held.holder.token, flush=True)
"""


@pytest.fixture
def takers(tmp_path: Path) -> Iterator[list[subprocess.Popen[str]]]:
    """Processes that all ask for the lock whose number they are given."""
    command = [sys.executable, "-c", TAKER, str(tmp_path)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    made = [subprocess.Popen(command, encoding="utf-8", **pipes) for _ in range(4)]
    for each in made:
        assert each.stdout is not None and each.stdout.readline() == "ready\n"
    yield made
    for each in made:
        each.kill()
        each.communicate()


def ask(takers: list[subprocess.Popen[str]], number: int) -> list[list[str]]:
    for each in takers:
        assert each.stdin is not None
        each.stdin.write(f"{number}\n")
        each.stdin.flush()
    return [each.stdout.readline().split(maxsplit=1) for each in takers if each.stdout is not None]


@pytest.mark.parametrize("rounds", [25, pytest.param(500, marks=pytest.mark.slow)])
def test_of_many_processes_that_find_a_dead_holder_one_takes_over(
    takers: list[subprocess.Popen[str]], tmp_path: Path, rounds: int
) -> None:
    leaves: tuple[Callable[[Path], Any], ...] = (
        dead,
        lambda path: elsewhere(path, age=1000),
        lambda path: elsewhere(path, age=-(10**9)),
        left_empty,
        with_a_dead_claim,
    )
    for at in range(rounds):
        path = tmp_path / str(at) / "lock"
        leaves[at % len(leaves)](path)
        answers = ask(takers, at)
        won = [token.strip() for answer, token in answers if answer == "won"]
        assert len(won) == 1, answers
        assert all("process" in why for answer, why in answers if answer == "lost")
        now = lock.read_holder(path)
        assert now is not None and now.token == won[0]
        assert [each.name for each in path.parent.iterdir()] == ["lock"], "no claim is left"


def left_empty(path: Path) -> None:
    path.parent.mkdir(exist_ok=True)
    path.touch()
    os.utime(path, (0, 0))


def with_a_dead_claim(path: Path) -> None:
    """Leave what a process leaves that was killed while it took a lock over, twice."""
    first = dead(path)
    second = dead(lock._claim(path, lock.digest(first.token)))
    dead(lock._claim(lock._claim(path, lock.digest(first.token)), lock.digest(second.token)))


def test_of_many_threads_that_find_a_dead_holder_one_takes_over(tmp_path: Path) -> None:
    for attempt in range(10):
        path = tmp_path / str(attempt) / "lock"
        elsewhere(path, age=100)
        won, refused, start = [], [], threading.Barrier(8)

        def ask(
            path: Path = path,
            won: list[lock.Lock] = won,
            refused: list[RunLocked] = refused,
            start: threading.Barrier = start,
        ) -> None:
            start.wait()
            try:
                won.append(acquire(path, GUARDED))
            except RunLocked as error:
                refused.append(error)

        threads = [threading.Thread(target=ask) for _ in range(8)]
        with pytest.warns(ScalelawWarning, match="took over"):
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        assert (len(won), len(refused)) == (1, 7)
        won[0].check()
        won[0].release()
        assert not list(path.parent.iterdir())


def test_a_taker_that_looked_before_another_took_over_does_not_win(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between a look at a dead holder and the claim on it, another process takes over and claims are gone again."""
    path = tmp_path / "run" / "lock"
    dead(path)
    look, first = lock._look, []

    def late(at: Path) -> Any:
        seen = look(at)
        if not first:
            with pytest.warns(ScalelawWarning, match="died"):
                first.append(None)
                first.append(acquire(path, GUARDED))
        return seen

    monkeypatch.setattr(lock, "_look", late)
    with pytest.raises(RunLocked, match=f"being written by process {os.getpid()}"):
        acquire(path, GUARDED)
    first[1].check()
    assert [each.name for each in path.parent.iterdir()] == ["lock"]
    first[1].release()
    assert not list(path.parent.iterdir())


def test_a_holder_that_was_replaced_leaves_the_lock_of_its_successor(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    mine = acquire(path, GUARDED)
    elsewhere(path, age=1000)
    with pytest.warns(ScalelawWarning, match="took over from process 1 on node7"):
        successor = acquire(path, GUARDED)
    mine.release()
    successor.check()
    # A successor that is just now taking over has claimed the end of this holding.
    claim = lock._claim(path, lock.digest(successor.holder.token))
    elsewhere(claim, age=0)
    successor.release()
    assert path.exists() and claim.exists()


@pytest.mark.parametrize("age", [1e3, 1e6, 1e9, -1e3, -1e9, -30_700_000_000.0])
def test_a_process_that_runs_here_keeps_its_lock_whatever_the_time_stamp(tmp_path: Path, age: float) -> None:
    path = tmp_path / "lock"
    mine = acquire(path, GUARDED, beat_s=0.02)
    mine._stop.set()
    os.utime(path, (time.time() - age, time.time() - age))
    assert is_held(path)
    with pytest.raises(RunLocked, match=f"process {os.getpid()} on {socket.gethostname()}"):
        acquire(path, GUARDED)
    mine.release()


def test_a_heartbeat_in_the_future_is_bounded(tmp_path: Path) -> None:
    """Within the tolerance for clocks it counts; a forged one does not keep the lock."""
    rng = random.Random(3)
    path = tmp_path / "lock"
    for ahead in (lock.SKEW_S * 1.1, *(10 ** rng.uniform(3, 9.4) for _ in range(5)), 30_700_000_000.0):
        elsewhere(path, age=-ahead)
        assert not is_held(path)
        with pytest.warns(ScalelawWarning, match="whose heartbeat lies .* s in the future"):
            acquire(path, GUARDED).release()
    for ahead in (0.0, lock.SKEW_S * 0.9):
        elsewhere(path, age=-ahead)
        assert is_held(path)
        with pytest.raises(RunLocked, match="process 1 on node7"):
            acquire(path, GUARDED)


@pytest.mark.parametrize(
    "changes",
    [
        {"pid": -1}, {"pid": 0}, {"pid": 10**30}, {"pid": "1"}, {"pid": 1.5}, {"beat_s": 1e300}, {"beat_s": -1.0},
        {"beat_s": float("nan")}, {"beat_s": float("inf")}, {"beat_s": "10"}, {"host": "x" * 3000}, {"host": None},
        {"token": 7}, {"birth": []}, {"more": 1},
    ],
)  # fmt: skip
def test_a_forged_holder_does_not_keep_the_lock_for_longer_than_a_minute(
    tmp_path: Path, changes: dict[str, Any]
) -> None:
    path = tmp_path / "lock"
    line = json.dumps({**asdict(lock._me(10.0)), "machine": "another", "token": "../../evil", **changes})
    path.write_text(line)
    assert is_held(path)
    with pytest.raises(RunLocked, match=r"locked by another process; if none is running, delete .*lock"):
        acquire(path, GUARDED)
    os.utime(path, (time.time() - 61, time.time() - 61))
    assert not is_held(path)
    with pytest.warns(ScalelawWarning, match="left an unreadable lock, which has been silent for 61"):
        acquire(path, GUARDED).release()
    assert not list(tmp_path.iterdir())


def test_a_token_does_not_name_a_file_elsewhere(tmp_path: Path) -> None:
    path = tmp_path / "run" / "lock"
    held_by(path, pid=NOW_DEAD)
    path.write_text(path.read_text().replace(lock.read_holder(path).token, "../../evil"))  # type: ignore[union-attr]
    with pytest.warns(ScalelawWarning, match="died"):
        acquire(path, GUARDED).release()
    assert [each.name for each in tmp_path.iterdir()] == ["run"]


CONTENTS = {
    "empty": b"",
    "torn": b'{"host": "node7", "pid": 12',
    "garbage": bytes(range(256)),
    "deep": b"[" * 3000,
    "zeros": b"\0" * 400,
    "huge": b"x" * 10**7,
    "list": b"[1, 2]",
    "digits": b'{"pid": ' + b"9" * 3000 + b"}",
}


@pytest.mark.parametrize("kind", CONTENTS)
def test_a_lock_that_states_no_holder_lasts_a_minute(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "lock"
    path.write_bytes(CONTENTS[kind])
    assert is_held(path)
    with pytest.raises(RunLocked, match="run 7 is locked by another process") as refused:
        acquire(path, GUARDED)
    assert "\n" not in str(refused.value) and len(str(refused.value)) < 2000
    os.utime(path, (time.time() - 61, time.time() - 61))
    assert not is_held(path)
    with pytest.warns(ScalelawWarning, match="empty lock" if kind == "empty" else "unreadable lock"):
        acquire(path, GUARDED).release()
    assert not list(tmp_path.iterdir())


def _link(path: Path) -> None:
    path.symlink_to(path.with_name("victim"))


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(path))


KINDS: dict[str, Callable[[Path], None]] = {
    "pipe": lambda path: os.mkfifo(path),
    "folder": lambda path: path.mkdir(),
    "link": _link,
    "link to nothing": lambda path: path.symlink_to("nothing"),
    "link to itself": lambda path: path.symlink_to(path.name),
    "socket": _socket,
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_place_that_is_not_a_file_is_refused_in_one_line(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # the path of a socket is short
    victim, path = Path("victim"), Path("lock")
    victim.write_text("stays")
    KINDS[kind](path)
    assert not is_held(path)
    with pytest.raises(BadInput, match="lock is a link, folder, pipe or device, where a lock file belongs") as refused:
        acquire(path, GUARDED)
    assert "\n" not in str(refused.value)
    assert victim.read_text() == "stays" and path.lstat()


def test_a_lock_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    first = acquire(path, GUARDED)
    start = time.monotonic()
    with pytest.raises(RunLocked, match=r"being written by process .*; wait for it"):
        acquire(path, GUARDED, wait_s=0.2)
    assert 0.2 <= time.monotonic() - start < 5
    threading.Timer(0.1, first.release).start()
    acquire(path, GUARDED, wait_s=30).release()
    assert not list(tmp_path.iterdir())


def test_a_lock_is_released_where_nothing_can_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = acquire(tmp_path / "lock", GUARDED)

    def full(*_: Any, **__: Any) -> None:
        raise BadInput("no space left")

    monkeypatch.setattr(lock, "write_whole", full)
    mine.release()
    assert not list(tmp_path.iterdir())


def test_claims_of_killed_processes_are_deleted_by_the_next_holder(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    dead(tmp_path / "lock.0123456789abcdef")
    dead(tmp_path / "lock.0123456789abcdef.0123456789abcdef")
    others = ["lock.0123456789abcdee", "lock.txt", "unlock.0123456789abcdef"]
    held_by(tmp_path / others[0])
    for name in others[1:]:
        (tmp_path / name).write_text("{}")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        acquire(path, GUARDED).release()
    assert sorted(each.name for each in tmp_path.iterdir()) == sorted(others)
