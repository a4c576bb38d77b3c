"""Cost by size: a monotone curve as SciPy draws it, its slope that fades beyond the ends, and its inverses."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.interpolate import PchipInterpolator

from scalelaw.accounting.cost import StatedCost, through
from scalelaw.accounting.flops import Counting, counting_for
from scalelaw.accounting.stated import stated_cost

KNOTS = st.lists(st.tuples(st.floats(0.3, 4.0), st.floats(-0.25, 0.25)), min_size=2, max_size=8)


def drawn(steps: list[tuple[float, float]]) -> tuple[StatedCost, PchipInterpolator]:
    """The curve through knots that are this far apart, and SciPy's through the same."""
    x, y = np.log(1e6) + np.cumsum([step for step, _ in steps]), np.cumsum([rise for _, rise in steps])
    return through(x, y, 9, 0.01, lambda slope, over: slope), PchipInterpolator(x, y)


@given(KNOTS)
def test_the_curve_is_the_monotone_interpolant_of_fritsch_and_butland(steps):
    curve, scipy_curve = drawn(steps)
    at = np.linspace(curve.log_params[0], curve.log_params[-1], 41)
    np.testing.assert_allclose(np.log(curve.factor(np.exp(at))), scipy_curve(at), atol=1e-9)
    np.testing.assert_allclose(curve.slopes, scipy_curve(curve.log_params, 1), atol=1e-9)
    assert curve.range == pytest.approx((np.exp(min(curve.log_factor)), np.exp(max(curve.log_factor))))


@given(KNOTS, st.floats(0.1, 30.0))
def test_beyond_the_ends_the_slope_fades_as_one_over_the_root_of_n(steps, beyond):
    curve, _ = drawn(steps)
    faded = 2 * (1 - np.exp(-beyond / 2))
    for end, way in ((0, -1), (-1, 1)):
        at = curve.log_params[end] + way * beyond
        wanted = curve.log_factor[end] + way * curve.slopes[end] * faded
        assert float(np.log(curve.factor(np.exp(at)))) == pytest.approx(wanted, abs=1e-9)


@given(KNOTS, st.floats(0.0, 40.0))
def test_n_is_solved_for_where_a_larger_model_costs_more(steps, log_params):
    curve, _ = drawn(steps)
    if curve.increasing:
        factor = np.log(curve.factor(np.exp(log_params)))
        assert float(np.log(curve.params_at(factor + log_params))) == pytest.approx(log_params, abs=1e-6)
        assert float(np.log(curve.params_of_square(factor + 2 * log_params))) == pytest.approx(log_params, abs=1e-6)


def test_a_curve_that_falls_as_steeply_as_n_grows_is_not_increasing():
    at = np.log([1e6, 1e7, 1e8])
    for slope, increasing in ((-1.2, False), (-0.96, False), (-0.9, True), (0.3, True)):
        curve = through(at, slope * (at - at[0]), 9, 0.0, lambda slope, over: slope)
        assert curve.increasing is increasing, slope
        one_steep_step = through(at, np.array([0.0, slope * (at[1] - at[0]), 0.0]), 9, 0.0, lambda slope, over: 0.0)
        assert one_steep_step.increasing is (slope > -0.6), slope


def test_one_knot_is_a_constant_factor_and_nothing_is_lost_in_a_file():
    curve = through(np.array([np.log(1e8)]), np.array([np.log(1.4)]), 5, 0.02, lambda slope, over: slope)
    assert curve.increasing and curve.range == pytest.approx((1.4, 1.4))
    np.testing.assert_allclose(curve.factor(np.array([1e3, 1e8, 1e14])), 1.4)
    assert np.isnan(curve.factor(np.nan)) and float(curve.params_at(np.log(1.4e9))) == pytest.approx(1e9)
    assert StatedCost.from_dict(curve.to_dict()) == curve
    assert curve.to_dict()["rows"] == 5 and curve.to_dict()["scatter"] == 0.02


def test_ends_are_shrunk_with_their_own_slope_and_range():
    asked = []
    x = np.array([10.0, 11.0, 13.0, 16.0])
    y = np.array([0.0, 0.3, 0.5, 1.4])

    def half(slope: float, over: float) -> float:
        asked.append((slope, over))
        return slope / 2

    curve, plain = through(x, y, 9, 0.01, half), PchipInterpolator(x, y)
    assert [over for _, over in asked] == [1.0, 3.0]
    np.testing.assert_allclose([slope for slope, _ in asked], [plain(10.0, 1), plain(16.0, 1)])
    np.testing.assert_allclose(curve.slopes, [plain(10.0, 1) / 2, *plain(x[1:-1], 1), plain(16.0, 1) / 2])


@pytest.mark.parametrize(("share", "seed"), [(0.1, 0), (0.6, 1), (3.0, 2)])
def test_a_stated_cost_counts_compute_and_every_way_back(share, seed):
    """C = 6 N D (1 + share (N / 1e8)^-1/2): from N and D to C, and from any two of the three to the other."""
    rng = np.random.default_rng(seed)
    params = np.geomspace(1e7, 3e9, 40) * np.exp(rng.uniform(-0.02, 0.02, 40))
    truth = 1 + share * (params / 1e8) ** -0.5
    cost = stated_cost(np.log(truth * np.exp(rng.normal(0, 0.003, 40))), params)
    assert cost is not None and cost.rows == 40 and cost.scatter < 0.02
    counting = counting_for("params", cost)
    assert (
        isinstance(counting, Counting) and counting.name == "as_stated" and "as stated by the table" in counting.words
    )
    tokens = 20 * params
    flops = counting.flops(params, tokens)
    np.testing.assert_allclose(flops, 6 * params * tokens * truth, rtol=0.05)
    np.testing.assert_allclose(counting.tokens(params, flops), tokens, rtol=1e-9)
    np.testing.assert_allclose(counting.params_for(tokens, flops), params, rtol=1e-6)
    split_params, split_tokens = counting.split(flops, 20.0)
    np.testing.assert_allclose(split_params, params, rtol=1e-6)
    np.testing.assert_allclose(split_tokens, tokens, rtol=1e-6)


def test_what_a_table_must_state_before_its_own_cost_is_used():
    params = np.geomspace(1e7, 1e9, 8)
    falls = np.log(1 + (params / 1e8) ** -0.5)
    assert stated_cost(falls[:3], params[:3]) is not None
    assert stated_cost(falls[:2], params[:2]) is None
    assert stated_cost(np.where(np.arange(8) < 2, falls, np.nan), params) is None
    assert stated_cost(np.full(8, 0.019), params) is None and stated_cost(np.full(8, 0.021), params) is not None
    assert stated_cost(np.random.default_rng(0).normal(0, 0.3, 8), params) is None, "scatter is no way of counting"
    wild = np.append(falls, np.log(1e3))
    found = stated_cost(wild, np.append(params, 2e8))
    assert found is not None and found.rows == 8, "a row of a wrong unit is left out"
    at_zero = stated_cost(np.append(falls, 0.1), np.append(params, 0.0))
    assert at_zero is not None and at_zero.rows == 8
    steep = stated_cost(-1.3 * np.log(params / 1e7), params)
    assert steep is None or steep.increasing, "no curve by which a larger model costs less"


def test_rows_in_any_order_state_one_cost():
    rng = np.random.default_rng(5)
    params = np.repeat(np.geomspace(1e7, 3e9, 9), 3)
    factor = np.log(1 + (params / 1e8) ** -0.5) + rng.normal(0, 0.01, len(params))
    order = rng.permutation(len(params))
    assert stated_cost(factor, params) == stated_cost(factor[order], params[order])
