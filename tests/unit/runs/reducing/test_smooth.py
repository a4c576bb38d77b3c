"""Trailing means: of a run's own values, of finite ones, and without the standard errors of single readings."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import scalelaw as sl
from scalelaw.runs.reducing.smooth import trailing_mean

VALUES = st.lists(st.tuples(st.integers(0, 2), st.sampled_from([1.0, 2.5, -4.0, 7.0, np.nan, np.inf])), max_size=14)


@given(VALUES, st.integers(1, 5))
def test_a_mean_is_of_the_finite_values_before_it_in_its_run(values, window):
    ordered = sorted(values, key=lambda each: each[0])
    run, value = np.array([r for r, _ in ordered], int), np.array([v for _, v in ordered], float)
    wanted = []
    for at in range(len(run)):
        before = [value[k] for k in range(max(0, at - window + 1), at + 1) if run[k] == run[at]]
        finite = [each for each in before if np.isfinite(each)]
        wanted.append(np.mean(finite) if np.isfinite(value[at]) else value[at])
    np.testing.assert_allclose(trailing_mean(run, value, window), wanted)


@pytest.mark.parametrize("window", [1, 3])
def test_a_mean_of_several_readings_has_no_standard_error_of_one(window):
    table = sl.load_runs({"run": ["a"] * 6, "params": [1e8] * 6, "tokens": [1e9 * k for k in range(1, 7)],
                          "loss": [3.0, 2.9, 2.8, 2.7, 2.6, 2.5], "loss_se": [0.01] * 6})  # fmt: skip
    smooth = table.smooth(window)
    assert np.isfinite(np.asarray(table.evals["se"], float)).all()
    assert np.isfinite(np.asarray(smooth.evals["se"], float)).all() == (window == 1)
    assert smooth.values("loss")[0] == pytest.approx(np.mean([2.5, 2.6, 2.7][:window]))
    assert any("trailing mean over up to" in note for note in smooth.notes)
