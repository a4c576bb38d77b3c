"""Sweeps: what is done is skipped, what dies is begun again, and the table is that of a sweep nobody disturbed."""

import contextlib
import errno
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from scalelaw.cli.main import app
from scalelaw.core.errors import MissingExtra
from scalelaw.ladder import Ladder
from scalelaw.runs.storing.dirstore import DirStore
from scalelaw.training import executor, worker
from scalelaw.training.train_ladder import Progress, train_ladder

Tiny = Callable[..., Ladder]

TOO_WIDE = 200_000

DRIVER = "import sys; from scalelaw.ladder import Ladder; from scalelaw.training.train_ladder import train_ladder; "
DRIVER += "train_ladder(Ladder.load(sys.argv[1]), sys.argv[2], workers=1)"


def losses(out: Path) -> dict[str, Any]:
    """Return label -> every loss that was recorded."""
    records = map(DirStore(out).read, DirStore(out).runs())
    return {record.settings["label"]: [values["loss"] for values in record.evals] for record in records}


def finished_runs(out: Path) -> dict[Path, bytes]:
    """Return file -> content of the runs that are finished."""
    return {path: found for path in out.glob("*/evals.jsonl") if b"finished" in (found := path.read_bytes())}


def wait_for(what: Callable[[], Any], seconds: float = 240) -> Any:
    until = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.02)
    return found


def children(pid: int) -> list[int]:
    with contextlib.suppress(OSError):
        return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []


@dataclass(frozen=True)
class Ran:
    """A sweep by the command, of two rungs that fit into memory and one that does not."""

    out: Path
    said: dict[str, Any]
    status: int


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, tiny: Tiny) -> Ran:
    folder = tmp_path_factory.mktemp("undisturbed")
    tiny(widths=(8, 16, TOO_WIDE)).save(folder / "ladder.toml")
    command = ["ladder", "run", str(folder), "--out", str(folder / "runs"), "--workers", "1", "--json"]
    result = CliRunner().invoke(app, command)
    return Ran(folder / "runs", json.loads(result.stdout), result.exit_code)


def test_the_command_trains_what_fits_and_says_what_failed(undisturbed: Ran) -> None:
    said = undisturbed.said
    assert undisturbed.status == 1 and said["schema"] == "scalelaw.sweep/1" and not said["complete"]
    why = said["failed"][f"w{TOO_WIDE}-s0"]
    assert "out of memory" in why and "lower the recipe's batch_tokens" in why
    assert [row["state"] for row in said["runs"]] == ["finished"] * 4 + ["not begun"] * 2


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="children are found in /proc")
def test_the_dearest_trunk_begins_first(tiny: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that no worker is left with the longest job when the others are done."""
    begun: list[str] = []
    monkeypatch.setattr(sys.modules[train_ladder.__module__], "run_jobs", lambda jobs, *_: begun.extend(jobs) or {})
    train_ladder(tiny(widths=(8, 16)), tmp_path)
    assert [name.partition("-")[0] for name in begun] == ["w16", "w8"]


@pytest.mark.slow
def test_kills_leave_no_trace(undisturbed: Ran, tiny: Tiny, tmp_path: Path) -> None:
    """Driver and worker die by ``kill -9`` in the middle; the same command ends where an undisturbed one does."""
    ladder = tiny(widths=(8, 16))
    ladder.save(tmp_path / "ladder.toml")
    out = tmp_path / "killed"
    driver = subprocess.Popen([sys.executable, "-c", DRIVER, str(tmp_path / "ladder.toml"), str(out)])
    (worker,) = wait_for(lambda: children(driver.pid))
    wait_for(lambda: finished_runs(out))
    for each in (driver.pid, worker):
        os.kill(each, signal.SIGKILL)
    driver.wait()
    finished = finished_runs(out)
    seen: list[Progress] = []
    swept = train_ladder(ladder, out, workers=1, watch=seen.append)
    assert swept.complete and not swept.failed and seen[-1].share == 1.0
    assert all(path.read_bytes() == content for path, content in finished.items()), "nothing runs twice"
    assert losses(out) == losses(undisturbed.out) and all(len(found) == 1 for found in losses(out).values())
    assert [dict(row) for row in swept.rows] == undisturbed.said["runs"][:4]
    again = train_ladder(ladder, out, workers=1)
    assert again.trained == 0 and again.rows == swept.rows


class FakeWorker:
    """Dies at the job named ``fatal``, fails the one named ``hopeless``, does the rest."""

    begun: list[str]

    def __init__(self, events: Any) -> None:
        self.job: int | None = None
        self._events = events

    def start(self, job: int, said: dict[str, str]) -> None:
        self.job = job
        FakeWorker.begun.append(said["name"])
        answers = {"fatal": {"died": "signal 9"}, "hopeless": {"failed": "no space left on device"}}
        self._events.put((self, answers.get(said["name"], {"done": True})))

    def stop(self) -> None:
        """There is no process."""


def test_what_dies_is_begun_again_and_the_rest_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(executor, "_Worker", FakeWorker)
    FakeWorker.begun = []
    jobs = [{"name": name} for name in ("fatal", "hopeless", "good", "better")]
    ends = {event.job: dict(event.message) for event in executor.execute(jobs, workers=1)}
    assert FakeWorker.begun == ["fatal"] * 3 + ["hopeless", "good", "better"]
    assert ends[0] == {"failed": "its process died 3 times (signal 9); check free memory"}
    assert ends[1] == {"failed": "no space left on device"} and ends[2] == ends[3] == {"done": True}


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "runs: No space left on device; make room there"),
        (
            OSError(errno.ENOSPC, "No space left on device", "a/evals.jsonl"),
            "a/evals.jsonl: No space left on device; m",
        ),
        (FileNotFoundError(errno.ENOENT, "No such file", "c/train-000.bin"), "c/train-000.bin: No such file"),
        (MemoryError("8 GB"), "out of memory (8 GB); narrow the rung"),
        (RuntimeError("not enough memory: you tried 1 TB\nat x.cpp"), "out of memory (not enough memory: you tried 1"),
    ],
)
def test_a_worker_says_what_stopped_it_and_what_to_do(
    error: Exception, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(_: object) -> None:
        raise error

    monkeypatch.setattr(worker.Job, "from_dict", stopped)
    answer = worker._served({"out": "runs"})["failed"]
    assert answer.startswith(said)
    assert ("make room there; finished work is kept" in answer) is ("No space" in said)
    assert 5e-324 * 1.0 > 0, "arithmetic of the process that runs the tests is no longer IEEE's"


def test_without_torch_the_command_says_what_to_install(
    tiny: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny().save(tmp_path / "ladder.toml")
    monkeypatch.setitem(sys.modules, "torch", None)
    result = CliRunner().invoke(app, ["ladder", "run", str(tmp_path), "--out", str(tmp_path / "runs")])
    assert result.exit_code == 2 and "pip install 'scalelaw[train]'" in result.stderr
    assert issubclass(MissingExtra, ImportError) and not (tmp_path / "runs").exists()
