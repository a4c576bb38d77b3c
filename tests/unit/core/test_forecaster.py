"""What every forecaster checks and computes from draws."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scalelaw.core.errors import BadInput
from scalelaw.core.forecaster import check_inputs, check_level, half_width, ordered_quantile, outside, reach, robust_sd

DRAWS = st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=40)


@pytest.mark.parametrize(("fitted", "refused"), [(None, True), ((1e8, 1e10), True), ((50.0, 1e10), False)])
def test_a_count_is_too_small_unless_runs_were_as_small(fitted, refused):
    domain = {} if fitted is None else {"params": fitted}
    x = {"params": np.array([70.0]), "tokens": np.array([1e9])}
    if refused:
        with pytest.raises(BadInput, match="70 is far too small to be"):
            check_inputs("a law", ("params", "tokens"), x, domain)
    else:
        check_inputs("a law", ("params", "tokens"), x, domain)
    with pytest.raises(BadInput, match="missing tokens: a law takes params, tokens, got params"):
        check_inputs("a law", ("params", "tokens"), {"params": np.array([1e9])}, domain)


@given(DRAWS, st.floats(0, 1))
def test_a_quantile_of_ordered_draws_is_the_one_of_numpy(draws, share):
    ordered = np.sort(np.array(draws))
    assert ordered_quantile(ordered, share) == pytest.approx(np.quantile(ordered, share), rel=1e-9, abs=1e-9)
    with_ends = np.concatenate([[-np.inf, -np.inf], ordered, [np.inf, np.inf]])
    assert ordered_quantile(with_ends, 1.0) == np.inf and ordered_quantile(with_ends, 0.0) == -np.inf


def test_spreads_of_draws():
    draws = np.random.default_rng(0).normal(3, 2, 200_000)
    lo, hi = np.quantile(draws, [0.1586553, 0.8413447])
    assert half_width(draws) == pytest.approx((hi - lo) / 2, rel=1e-3)
    assert robust_sd(draws) == pytest.approx(2, rel=0.02)
    wild = np.append(draws, [1e9] * 20)
    assert robust_sd(wild) == pytest.approx(2, rel=0.02) and np.std(wild) > 1e6
    assert robust_sd(np.ones(9)) == 0.0


def test_a_point_is_outside_if_any_input_is():
    domain = {"params": (1e8, 1e10), "tokens": (1e9, 1e11)}
    x = {"params": np.array([1e8, 1e10, 0.99e8, 1e9, 1e9]), "tokens": np.array([1e9, 1e11, 1e10, 1.01e11, 1e10])}
    assert outside(x, domain).tolist() == [False, False, True, True, False]
    assert outside({"lr": np.array([1.0])}, domain).tolist() == [False]
    assert reach({"params": 5e10, "flops": 1e30}, domain) == {"params": 5.0}


@pytest.mark.parametrize("level", [0.0, 1.0, -0.1, 1.1, float("nan")])
def test_a_level_is_a_probability(level):
    with pytest.raises(BadInput, match="level must lie strictly between 0 and 1"):
        check_level(level)
