"""A table without a column of runs whose rows are readings of one run."""

import numpy as np
import pytest

import scalelaw as sl
from scalelaw.core.errors import BadTable
from scalelaw.runs.grouping.one_run import as_one_run, time_of_one_run
from scalelaw.runs.review import review_runs


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("axis", ["tokens", "steps"])
def test_readings_of_one_run_are_carried_on(axis: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    count = int(rng.integers(4, 40))
    time = np.sort(rng.choice(np.arange(1, 1000), count, replace=False)) * (1e7 if axis == "tokens" else 10.0)
    loss = 2 + 3 * (time / time[0]) ** -0.3
    order = rng.permutation(count)
    found = sl.extrapolate({axis: time[order], "loss": loss[order]}, end=float(2 * time[-1]))
    assert len(found.runs) == 1
    assert np.array_equal(found.runs[0].time, time)
    assert found.runs[0].forecast.mean[-1] < loss[-1] * 1.02


def test_rows_that_differ_in_size_or_name_are_runs_of_their_own() -> None:
    tokens, loss = [1e9, 2e9, 3e9], [4.0, 3.5, 3.2]
    for more in ({"params": [1e7, 2e7, 4e7]}, {"model": ["a", "b", "c"]}, {"seed": [1, 2, 3]}):
        table = sl.load_runs({"tokens": tokens, "loss": loss, **more})
        assert time_of_one_run(table) is None
        assert as_one_run(table) is table
    assert time_of_one_run(sl.load_runs({"tokens": [1e9, 2e9, 2e9], "loss": loss})) is None


def test_a_law_of_tokens_still_sees_every_row() -> None:
    table = sl.load_runs({"tokens": [1e9, 2e9, 3e9], "loss": [4.0, 3.5, 3.2]})
    assert len(table.endpoints()) == 3


def test_planned_steps_are_enough_where_readings_count_tokens() -> None:
    steps = np.arange(100.0, 1001.0, 100.0)
    rows = {"run": ["a"] * 10, "steps": steps, "tokens": steps * 5e5, "loss": 2 + steps**-0.3}
    found = sl.extrapolate({**rows, "planned_steps": [3000.0] * 10})
    assert found.runs[0].course.end == pytest.approx(3000 * 5e5)
    del rows["steps"]
    found = sl.extrapolate({**rows, "planned_steps": [3000.0] * 10, "batch_tokens": [1e6] * 10})
    assert found.runs[0].course.end == pytest.approx(3000 * 1e6)


@pytest.mark.parametrize("count", [3, 7, 20])
def test_three_lines_of_steps_are_refused_by_the_check(count: int) -> None:
    review = review_runs([{"step": 100 * row, "loss": 7.0 - row / 100} for row in range(1, count + 1)])
    assert review.stopped
    assert "readings of one run" in review.findings[0].message and "params" in review.findings[0].message
    with pytest.raises(BadTable, match="params"):
        sl.fit("chinchilla", [{"step": 100 * row, "loss": 7.0 - row / 100} for row in range(1, count + 1)])
