"""Estimates: intervals from draws that may be unbounded, missing or all the same."""

import json

import numpy as np
import pytest

from scalelaw.core.errors import BadInput
from scalelaw.core.estimate import estimated

DRAWS = np.arange(101.0)


def test_the_interval_is_numpys_own() -> None:
    estimate = estimated(50.0, DRAWS, 0.9, "1")
    assert (estimate.lo, estimate.hi) == pytest.approx(tuple(np.quantile(DRAWS, [0.05, 0.95])))


def test_nan_draws_are_left_out_and_infinite_ones_kept() -> None:
    few = np.where(DRAWS > 97, np.inf, DRAWS)
    assert estimated(50.0, few, 0.9, "1").hi == pytest.approx(95.0)
    many = np.where(DRAWS > 90, np.inf, DRAWS)
    assert estimated(50.0, many, 0.9, "1").hi == np.inf
    missing = np.concatenate([DRAWS, np.full(500, np.nan)])
    assert estimated(50.0, missing, 0.9, "1") == estimated(50.0, DRAWS, 0.9, "1")


@pytest.mark.parametrize("draws", [None, np.empty(0), np.full(9, np.nan), np.full(9, 4.0), np.ones(1)])
def test_no_spread_is_no_interval(draws: np.ndarray | None) -> None:
    estimate = estimated(4.0, draws, 0.9, "tokens")
    assert (estimate.lo, estimate.hi) == (None, None)
    assert str(estimate) == "4 tokens"


def test_an_infinite_end_is_no_number_in_json() -> None:
    told = estimated(20.0, np.where(DRAWS > 50, np.inf, DRAWS), 0.9, "FLOP").to_dict()
    assert json.loads(json.dumps(told, allow_nan=False))["hi"] is None
    assert told["lo"] == pytest.approx(5.0)


@pytest.mark.parametrize("value", [-3.0, 1.0, 99.0, 1e9])
def test_an_end_moves_to_a_number_beyond_it(value: float) -> None:
    found = estimated(value, DRAWS, 0.9, "1")
    assert found.holds(value)
    assert (found.lo, found.hi) == pytest.approx((min(value, 5.0), max(value, 95.0)))


def test_the_level_is_a_probability() -> None:
    with pytest.raises(BadInput, match="level"):
        estimated(1.0, DRAWS, 90, "1")
