"""A sweep that is cut, packed and unpacked elsewhere ends where one left alone does."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import scalelaw as sl
from scalelaw.ladder import Ladder
from scalelaw.runs.storing.dirstore import DirStore
from scalelaw.training import train_ladder as sweeping
from scalelaw.training.climb import climb
from scalelaw.training.executor import Event
from scalelaw.training.job import Job
from scalelaw.training.optim import Optimizer


class Cut(Exception):
    """Stands for the end of a loan."""


def losses(out: Path) -> dict[str, object]:
    records = map(DirStore(out).read, DirStore(out).runs())
    return {record.run: [values["loss"] for values in record.evals] for record in records}


def test_a_sweep_goes_on_where_it_was_unpacked(
    tiny: Callable[..., Ladder], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cut in the cooldown of the second horizon of the second rung; the first folder is gone by then."""
    steps: list[int] = []
    plain_step, limit = Optimizer.step, 10**6

    def step(self: Optimizer, number: int, factor: float) -> None:
        if len(steps) == limit:
            raise Cut
        steps.append(number)
        plain_step(self, number, factor)

    def here(jobs: list[dict[str, object]], workers: int) -> object:
        for at, job in enumerate(jobs):
            climb(Job.from_dict(job))
            yield Event(at, {"done": True})

    monkeypatch.setattr(sweeping, "execute", here)
    monkeypatch.setattr(Optimizer, "step", step)
    ladder = tiny(widths=(8, 16))
    whole = sl.train_ladder(ladder, tmp_path / "whole")
    in_all, limit = len(steps), 2 * len(steps) - 5
    with pytest.raises(Cut):
        sl.train_ladder(ladder, tmp_path / "part")
    packed = sl.runs.pack_runs(tmp_path / "part", tmp_path / "runs.pack")
    assert packed.states == "3 finished, 1 crashed"
    shutil.rmtree(tmp_path / "part")
    sl.runs.unpack_runs(tmp_path / "runs.pack", tmp_path / "other")
    done, limit = len(steps), 10**6
    resumed = sl.train_ladder(Ladder.load(tmp_path / "other"), tmp_path / "other")
    assert resumed.complete and resumed.rows == whole.rows
    assert losses(tmp_path / "other") == losses(tmp_path / "whole")
    assert 0 < len(steps) - done <= 12 < in_all // 4, "only the cooldown that was cut is begun again"
