"""Where a run should be on its way, and what a forecast and a curve come to together."""

import numpy as np
import pytest

from scalelaw.curves.curve_band import NormalEstimate, band_on_the_way, believed, joined
from scalelaw.curves.curve_shape import RunSchedule
from scalelaw.runs.schedule import Schedule

END = NormalEstimate(2.0, 1.9, 2.2)


def test_quantiles_and_probabilities_undo_each_other() -> None:
    lo, middle, hi = END.quantile(np.array([0.05, 0.5, 0.95]))
    assert (lo, middle, hi) == (pytest.approx(1.9), pytest.approx(2.0), pytest.approx(2.2))
    assert [END.above(value) for value in (1.9, 2.0, 2.2)] == pytest.approx([0.95, 0.5, 0.05])


def test_a_middle_outside_its_interval_is_not_taken() -> None:
    assert believed(3.0, 1.0, 2.25, 0.9).middle == pytest.approx(1.5)
    assert believed(2.0, 1.0, 2.25, 0.9).middle == 2.0


def test_two_that_agree_come_to_less_than_either() -> None:
    both = joined(NormalEstimate(2.0, 1.9, 2.1), NormalEstimate(2.02, 1.92, 2.12))
    assert 2.0 < both.middle < 2.02
    assert both.hi - both.lo < 0.17


def test_the_surer_counts_more() -> None:
    assert joined(NormalEstimate(2.0, 1.99, 2.01), NormalEstimate(2.1, 1.9, 2.3)).middle == pytest.approx(
        2.0, abs=0.005
    )
    assert joined(NormalEstimate(2.0, 1.8, 2.2), NormalEstimate(2.1, 2.09, 2.11)).middle == pytest.approx(
        2.1, abs=0.005
    )


def test_what_contradicts_a_forecast_counts_before_it() -> None:
    assert joined(NormalEstimate(2.0, 1.99, 2.01), NormalEstimate(2.6, 2.5, 2.7)).lo > 2.3
    torn = joined(NormalEstimate(2.0, 1.98, 2.02), NormalEstimate(2.12, 2.05, 2.19))
    assert torn.lo < 2.02 and torn.hi > 2.1, "in between both stay possible"


def test_the_band_falls_to_the_end_and_narrows() -> None:
    course = RunSchedule(1e10, Schedule("cosine"))
    lo, middle, hi = band_on_the_way(course, np.array([1e9, 3e9, 6e9, 9.9e9]), END)
    assert np.all(np.diff(middle) < 0) and np.all(np.diff(hi / lo) < 0)
    assert middle[-1] == pytest.approx(2.0, rel=0.01) and lo[-1] == pytest.approx(1.9, rel=0.01)
    assert 1.05 < middle[1] / 2.0 < 1.3


def test_a_rate_still_to_fall_leaves_the_loss_higher() -> None:
    at = np.array([7.9e9])
    held = band_on_the_way(RunSchedule(1e10, Schedule("wsd", decay=0.2)), at, END)[1]
    constant = band_on_the_way(RunSchedule(1e10, Schedule("constant")), at, END)[1]
    assert 1.01 < held[0] / constant[0] < 1.04


def test_a_noisier_reading_has_a_wider_band() -> None:
    course, at = RunSchedule(1e10, Schedule("cosine")), np.array([9e9])
    widths = [hi - lo for lo, _, hi in (band_on_the_way(course, at, END, noise=noise) for noise in (0.002, 0.05))]
    assert widths[1] > 1.2 * widths[0]
