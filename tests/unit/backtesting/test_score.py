"""Scores, against values worked out by hand."""

import numpy as np
import pytest

from scalelaw.backtesting.score import score, winkler
from scalelaw.core.forecaster import Prediction
from scalelaw.core.types import Array


def _prediction(mean: list[float], lo: Array | None = None, hi: Array | None = None, level: float = 0.9) -> Prediction:
    return Prediction(np.array(mean), lo, hi, level, np.zeros(len(mean), bool))


def test_winkler_is_the_width_and_a_penalty_for_missing() -> None:
    lo, hi, measured = np.full(4, 1.0), np.full(4, 2.0), np.array([1.5, 0.5, 3.0, 2.0])
    np.testing.assert_allclose(winkler(lo, hi, measured, 0.9), [1, 1 + 20 * 0.5, 1 + 20 * 1, 1])
    np.testing.assert_allclose(winkler(lo, hi, measured, 0.5), [1, 1 + 4 * 0.5, 1 + 4 * 1, 1])


def test_positive_bias_means_predicted_too_high() -> None:
    measured = np.array([2.0, 4.0])
    high = score(_prediction([2.2, 4.8]), measured)
    assert high.bias == pytest.approx(0.15) and high.mean_abs_rel_error == pytest.approx(0.15)
    low = score(_prediction([1.8, 3.2]), measured)
    assert low.bias == pytest.approx(-0.15) and low.mean_abs_rel_error == pytest.approx(0.15)


def test_misses_to_both_sides_cancel_in_bias_and_not_in_error() -> None:
    both = score(_prediction([2.2, 3.6]), np.array([2.0, 4.0]))
    assert both.bias == pytest.approx(0.0) and both.mean_abs_rel_error == pytest.approx(0.1)


def test_errors_are_relative_to_what_was_measured() -> None:
    assert score(_prediction([3.0]), np.array([2.0])).mean_abs_rel_error == pytest.approx(0.5)


def test_coverage_counts_the_runs_inside_ends_included() -> None:
    lo, hi = np.array([1.0, 1.0, 1.0, 1.0]), np.array([2.0, 2.0, 2.0, 2.0])
    scored = score(_prediction([1.5] * 4, lo, hi), np.array([1.0, 2.0, 2.1, 0.9]))
    assert scored.observed == 0.5
    by_hand = [1 / 1.0, 1 / 2.0, (1 + 20 * 0.1) / 2.1, (1 + 20 * 0.1) / 0.9]
    assert scored.interval_score == pytest.approx(np.mean(by_hand))


def test_without_an_interval_coverage_is_unknown() -> None:
    scored = score(_prediction([1.5]), np.array([1.0]))
    assert scored.observed is None and scored.interval_score is None
    assert scored.to_dict() == {"mean_abs_rel_error": 0.5, "bias": 0.5, "observed": None, "interval_score": None}
