"""Tuning: the search finds a known optimum, goes on where it was killed, and writes what it chose."""

import json
import math
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import scalelaw as sl
from scalelaw.cli.main import app
from scalelaw.core.errors import BadInput, FitFailed
from scalelaw.ladder import Ladder
from scalelaw.runs.reading.load import load_runs
from scalelaw.runs.storing.dirstore import DirStore
from scalelaw.runs.storing.record import record
from scalelaw.training.climb import climb
from scalelaw.training.job import Job
from scalelaw.training.tuning import tune as tuning
from scalelaw.training.tuning.space import Space
from scalelaw.training.tuning.tuned import Trial, tuned

Tiny = Callable[..., Ladder]
BEST_LR, BEST_BATCH = 0.03, 128


def simulated(job: Job) -> float:
    """Return a loss with its least at ``BEST_LR`` and ``BEST_BATCH``; ten times that rate diverges."""
    off = math.log2(job.rung.hyper.lr["matrices"] / BEST_LR)
    batch = math.log2(job.rung.trunk.batch_tokens / BEST_BATCH)
    return math.nan if off > 1.2 else 3.0 * math.exp(0.02 * (off - 0.3 * batch) ** 2 + 0.01 * batch**2)


class Simulated:
    """Does jobs without training; may be stopped after some, as Ctrl-C does."""

    def __init__(self, stop_after: int | None = None) -> None:
        self.done: list[str] = []
        self._stop_after = stop_after

    def __call__(self, jobs: Mapping[str, Job], workers: int, watch: Any = None) -> dict[str, str]:
        for name, job in jobs.items():
            if len(self.done) == self._stop_after:
                raise KeyboardInterrupt
            (branch,) = job.to_do
            with record(DirStore(job.out), **job.settings(branch)) as run:
                run.log(step=branch.steps, tokens=branch.tokens, loss=simulated(job))
            self.done.append(name)
            if watch is not None:
                watch(tuning.Progress(len(self.done) / 100, 1.0, 0, 1, {}))
        return {}


@pytest.fixture
def simulate(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Simulated]:
    """Puts the simulation in the place of the workers."""

    def put(stop_after: int | None = None) -> Simulated:
        made = Simulated(stop_after)
        monkeypatch.setattr(tuning, "run_jobs", made)
        return made

    return put


def test_the_optimum_is_found_with_its_sharpness(
    tiny: Tiny, tmp_path: Path, simulate: Callable[..., Simulated]
) -> None:
    simulate()
    found = sl.tune(tiny(), tmp_path, trials=16)
    assert found.recipe.batch_tokens == BEST_BATCH
    assert found.recipe.lr_matrices == pytest.approx(BEST_LR, rel=0.05)
    assert found.recipe.lr_head / found.recipe.lr_matrices == pytest.approx(0.017 / 0.02, rel=0.01)
    assert found.interval == pytest.approx((BEST_LR / 0.02, BEST_LR / 0.02), rel=0.05), "nothing is noisy here"
    assert found.cost_of_two == pytest.approx(math.expm1(0.02), rel=0.1)
    assert found.gain is not None and 0.004 < found.gain < 0.0117, "no more than the optimum itself"
    assert not found.findings
    table = load_runs(tmp_path)
    assert len(table) <= len(found.trials) == 16 and "lr" in table.runs, "trials are runs"


MEASURED = (
    (0, 0, 3.4537), (-1, 0, 3.5008), (1, 0, 3.5270), (0, -1, 3.4773), (0, 1, 3.5296), (1.85, 2, 3.5572),
    (1.95, -2, 3.5728), (-1.95, 2, 3.7694), (-1.4, -2, 3.5057), (0.75, -2, 3.5907), (-0.55, 2, 3.6688),
    (-1.85, -1, 3.5077),
)  # fmt: skip
"""Octaves of rate and batch, and the loss of width 24 at 1M tokens of the standard library."""


def test_another_batch_is_taken_only_where_the_bowl_is_sure(tiny: Tiny, tmp_path: Path) -> None:
    """The bottom of the bowl lies at half the batch, .3 % below that of the best trial's, less than it misses by."""
    trials = tuple(Trial(n, lr, batch, (loss,)) for n, (lr, batch, loss) in enumerate(MEASURED))
    found = tuned(Space.of(tiny()), tmp_path, trials, {})
    assert found.bowl is not None and found.bowl.by_batch[0.0] > min(found.bowl.by_batch.values())
    assert found.batch_octaves == 0 and 2**found.lr_octaves == pytest.approx(0.893, abs=0.005)
    assert found.interval is not None and found.interval[0] < 1 < found.interval[1]
    assert found.gain == 0 and "no trial is better than the given recipe" in str(found)


def test_a_search_that_was_stopped_is_the_search_left_alone(
    tiny: Tiny, tmp_path: Path, simulate: Callable[..., Simulated]
) -> None:
    """Stopped inside a round, before and after a trial of it was told; nothing is trained twice."""
    simulate()
    whole = sl.tune(tiny(), tmp_path / "whole", trials=10)
    done: list[str] = []
    for stop_after in (2, 4, 1):
        part = simulate(stop_after)
        with pytest.raises(KeyboardInterrupt):
            sl.tune(tiny(), tmp_path / "part", trials=10)
        done += part.done
    rest = simulate()
    assert sl.tune(tiny(), tmp_path / "part", trials=10).trials == whole.trials
    assert len({*done, *rest.done}) == len([*done, *rest.done])
    simulate(0)
    again = sl.tune(tiny(), tmp_path / "part", trials=10)
    assert again.trials == whole.trials and again.recipe == whole.recipe


def test_trials_train_the_rungs_they_say(tiny: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Really trained, in this process; two widths count by their mean logarithm."""

    def here(jobs: Mapping[str, Job], workers: int, watch: Any = None) -> dict[str, str]:
        for job in jobs.values():
            climb(job)
        return {}

    monkeypatch.setattr(tuning, "run_jobs", here)
    ladder = tiny(widths=(8, 16, 24))
    found = sl.tune(ladder, tmp_path, widths=(16, 8), tokens=1920, trials=3, tunes_batch=False)
    assert found.space.widths == (8, 16) and found.bowl is None
    given = found.trials[0]
    assert given.losses is not None and given.losses[1] < given.losses[0] < math.log(64)
    assert given.log_loss == pytest.approx((math.log(given.losses[0]) + math.log(given.losses[1])) / 2)
    assert [each.lr_octaves for each in found.trials] == [0.0, -1.0, 1.0]
    assert "TUNE_NO_BOWL" in {each.code for each in found.findings}
    best = min(found.trials, key=lambda each: each.log_loss)
    assert found.recipe.lr_head == pytest.approx(ladder.recipe.lr_head * 2**best.lr_octaves, rel=0.01)


def test_what_fails_is_named_and_what_all_fail_of_is_the_error(
    tiny: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = Simulated()

    def without_large(jobs: Mapping[str, Job], workers: int, watch: Any = None) -> dict[str, str]:
        large = {name for name, job in jobs.items() if job.rung.trunk.batch_tokens > 64}
        plain({name: job for name, job in jobs.items() if name not in large}, workers)
        return dict.fromkeys(large, "out of memory")

    monkeypatch.setattr(tuning, "run_jobs", without_large)
    found = sl.tune(tiny(), tmp_path / "some", trials=8)
    assert "TUNE_FAILED" in {each.code for each in found.findings} and "out of memory" in str(found)
    assert found.batch_octaves <= 0
    monkeypatch.setattr(tuning, "run_jobs", lambda jobs, workers, watch=None: dict.fromkeys(jobs, "disk full"))
    with pytest.raises(FitFailed, match="no trial has a loss: disk full"):
        sl.tune(tiny(), tmp_path / "none", trials=5)


def test_a_trial_is_the_run_the_ladder_would_make(tiny: Tiny) -> None:
    """The warmup of a trial is bounded by the shortest horizon of the ladder, not by its own."""
    ladder = tiny(warmup_steps=50, warmup_share=0.2)
    space = Space.of(ladder)
    (meant,), (trial,) = ladder.rungs, space.at(0.0, 0).rungs
    assert trial.trunk.branches == meant.trunk.branches[-1:]
    assert trial.hyper == meant.hyper and trial.trunk.warmup == meant.trunk.warmup == 6
    assert space.batches == (-2, -1, 0, 1, 2)
    other = space.at(1.0, -1).rungs[0]
    assert other.hyper.batch_tokens == 32 and other.hyper.lr["head"] == 2 * meant.hyper.lr["head"]
    assert Space.of(tiny(batch_tokens=16)).batches[0] == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"widths": (12,)}, "12"),
        ({"trials": 2}, "give at least 5"),
        ({"within": 1.0}, "above 1"),
        ({"tokens": 64.0}, "give at least 2 steps"),
    ],
)
def test_bad_options_are_refused_before_anything_is_made(
    tiny: Tiny, tmp_path: Path, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(BadInput, match=message):
        sl.tune(tiny(), tmp_path / "tune", **options)
    assert not (tmp_path / "tune").exists()


def test_the_command_writes_a_ladder_with_what_was_chosen(
    tiny: Tiny, tmp_path: Path, simulate: Callable[..., Simulated]
) -> None:
    simulate()
    tiny().save(tmp_path / "ladder.toml")
    command = ["ladder", "tune", str(tmp_path), "--out", str(tmp_path / "tune"), "--trials", "12", "--no-batch"]
    result = CliRunner().invoke(app, [*command, "--json", "--to", str(tmp_path / "tuned.toml")])
    said = json.loads(result.stdout)
    assert result.exit_code == 0 and said["schema"] == "scalelaw.tuned/1"
    written = Ladder.load(tmp_path / "tuned.toml")
    assert written.recipe.lr_matrices == said["recipe"]["lr_matrices"] != 0.02
    assert written.recipe.batch_tokens == 64 and written.grids == tiny().grids


def test_without_optuna_the_command_says_what_to_install(
    tiny: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny().save(tmp_path / "ladder.toml")
    monkeypatch.setitem(sys.modules, "optuna", None)
    result = CliRunner().invoke(app, ["ladder", "tune", str(tmp_path), "--out", str(tmp_path / "tune")])
    assert result.exit_code == 2 and "pip install 'scalelaw[tune]'" in result.stderr
    assert not (tmp_path / "tune").exists()


@pytest.mark.parametrize(
    ("centre", "steep", "batch", "code"),
    [(2.0, 0.05, 0, "TUNE_EDGE"), (0.0, 0.05, 2, "TUNE_EDGE"), (0.0, 0.0025, 0, "TUNE_FLAT"), (0.0, 0.05, 0, "")],
)
def test_an_optimum_at_an_end_or_in_a_flat_bowl_is_a_finding(
    tiny: Tiny, tmp_path: Path, centre: float, steep: float, batch: int, code: str
) -> None:
    """Rates from a quarter to four times, batches from a quarter to four times; losses with a little noise."""
    wiggle = (0.001, -0.002, 0.0015, -0.001, 0.002, -0.0015, 0.001, -0.001, 0.0005)
    rates = [-2.0, -1.5, -1.0, -0.5, 0.0, 0.5, 1.0, 1.5, 2.0]
    trials = tuple(
        Trial(3 * n + k, lr, b, (3.0 * math.exp(steep * (lr - centre) ** 2 + 0.05 * (b - batch) ** 2 + off),))
        for k, b in enumerate((-2, 0, 2))
        for n, (lr, off) in enumerate(zip(rates, wiggle, strict=True))
    )
    found = tuned(Space.of(tiny()), tmp_path, trials, {})
    assert {each.code for each in found.findings} == ({code} if code else set())
