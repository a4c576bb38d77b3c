"""Parts of writers: those of dead ones are deleted by the next write, those of live ones stay."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from scalelaw.core import files
from scalelaw.core.errors import BadInput
from scalelaw.core.files import scratch_folder, whole_file, whole_folder, write_whole
from scalelaw.core.owners import parts
from scalelaw.core.owners.parts import part_name, sweep
from scalelaw.core.owners.process import birth, life, machine

DEAD = f".scalelaw-{machine()}-4000000-77-{'0' * 32}.part"
REUSED = f".scalelaw-{machine()}-{os.getpid()}-77-{'1' * 32}.part"
ELSEWHERE = f".scalelaw-{'a' * 16}-{os.getpid()}-77-{'2' * 32}.part"
NAMELESS = f".scalelaw-{'3' * 32}.part"


@pytest.fixture(autouse=True)
def looks_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "_due", {})


def names(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir())


@pytest.mark.parametrize("folder", [False, True])
@pytest.mark.parametrize(("name", "age", "stays"), [
    (DEAD, 0, False), (REUSED, 0, False), (ELSEWHERE, 0, True), (ELSEWHERE, 80_000, True),
    (ELSEWHERE, 90_000, False), (NAMELESS, 0, True), (NAMELESS, 90_000, False), (ELSEWHERE, -(10**6), True),
    (part_name(), 10**6, True), (DEAD + ".txt", 10**6, True), ("scalelaw.part", 10**6, True), (DEAD[1:], 10**6, True),
], ids=range(12))  # fmt: skip
def test_the_part_of_a_dead_writer_is_deleted(tmp_path: Path, name: str, age: float, stays: bool, folder: bool) -> None:
    place = tmp_path / name
    if folder:
        (place / "deep").mkdir(parents=True)
        (place / "deep" / "file").write_bytes(b"half")
    else:
        place.write_bytes(b"half")
    os.utime(place, (time.time() - age, time.time() - age))
    sweep(tmp_path)
    assert place.exists() == stays


def test_a_link_with_such_a_name_stays_and_what_it_leads_to(tmp_path: Path) -> None:
    (tmp_path / "victim").mkdir()
    (tmp_path / "victim" / "file").write_bytes(b"stays")
    (tmp_path / DEAD).symlink_to("victim")
    (tmp_path / REUSED).mkdir()
    (tmp_path / REUSED / "inside").symlink_to("../victim")
    sweep(tmp_path)
    assert names(tmp_path) == sorted([DEAD, "victim"]) and names(tmp_path / "victim") == ["file"]


HOLDING = """
import os, sys, time
from pathlib import Path
from scalelaw.core import files
files._NAMELESS = 0
folder = Path(sys.argv[1])
with files.whole_file(folder / "report.html") as file, files.whole_folder(folder / "runs") as part:
    file.write(b"half")
    (part / "inside").mkdir()
    file.flush()
    with files.scratch_folder():
        print("ready", flush=True)
        sys.stdin.read()
"""

WRITERS: dict[str, Callable[[Path], object]] = {
    "file": lambda folder: write_whole(folder / "other", "new"),
    "new file": lambda folder: write_whole(folder / "other", "new", over=False),
    "folder": lambda folder: _enter(whole_folder(folder / "other")),
    "scratch": lambda _: _enter(scratch_folder()),
}


def _enter(manager: object) -> None:
    with manager:  # type: ignore[attr-defined]
        pass


@pytest.mark.parametrize("writer", WRITERS)
def test_a_live_writer_keeps_its_parts_and_a_killed_one_loses_them_to_the_next(
    tmp_path: Path, writer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    command = [sys.executable, "-c", HOLDING, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment) as process:
        assert process.stdout is not None and process.stdout.readline() == b"ready\n"
        parts_of_it = names(tmp_path)
        assert len(parts_of_it) == 3 and life(machine(), process.pid, birth(process.pid)) == "runs"
        for each in parts_of_it:
            os.utime(tmp_path / each, (0, 0))
        WRITERS[writer](tmp_path)
        assert set(parts_of_it) <= set(names(tmp_path))
        process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WNOWAIT)
        sweep(tmp_path)
        assert set(parts_of_it) <= set(names(tmp_path))
        process.kill()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)  # dead, and not yet buried by its parent
        parts._due.clear()
        shutil.rmtree(tmp_path / "other", ignore_errors=True)
        for each in set(names(tmp_path)) & {"other"}:
            (tmp_path / each).unlink()
        WRITERS[writer](tmp_path)
        assert names(tmp_path) == ([] if writer == "scratch" else ["other"])


def test_a_part_names_its_writer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "_NAMELESS", 0)
    with whole_file(tmp_path / "report.html"):
        (name,) = names(tmp_path)
    assert name.startswith(f".scalelaw-{machine()}-{os.getpid()}-{birth(os.getpid())}-")
    assert re.fullmatch(r"[0-9a-f]{32}\.part", name.split("-")[-1]) and parts._NAME.fullmatch(name)


def test_many_writes_into_a_folder_of_many_files_stay_fast(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[str] = []
    clock = [0.0]
    monkeypatch.setattr(parts.time, "monotonic", lambda: clock[0])

    class Slow:
        def __init__(self, folder: str) -> None:
            looks.append(folder)
            clock[0] += 0.5

        def __enter__(self) -> list[str]:
            return []

        def __exit__(self, *_: object) -> None:
            pass

    monkeypatch.setattr(parts.os, "scandir", Slow)
    for _ in range(250):
        sweep(tmp_path)
        clock[0] += 0.1
    assert len(looks) == 3, "25 seconds of writing, one of looking"


def test_a_scratch_folder_is_private_and_goes_with_the_block(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with pytest.raises(KeyboardInterrupt), scratch_folder() as folder:
        assert folder.stat().st_mode & 0o777 == 0o700 and folder.parent == tmp_path
        (folder / "file").write_bytes(b"secret")
        raise KeyboardInterrupt
    assert not names(tmp_path)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "absent"))
    with pytest.raises(BadInput, match="cannot be written: No such file"), scratch_folder():
        pass


def test_a_folder_that_cannot_be_read_is_left_alone(tmp_path: Path) -> None:
    sweep(tmp_path / "absent")
    (tmp_path / "file").write_bytes(b"")
    sweep(tmp_path / "file")
