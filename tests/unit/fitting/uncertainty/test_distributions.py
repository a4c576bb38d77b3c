"""Distributions without SciPy: equal to SciPy's at random arguments and at the ends."""

import numpy as np
from scipy import special

from scalelaw.fitting.uncertainty.distributions import f_tail, normal_cdf, normal_quantile


def test_normal_probabilities_and_quantiles_are_scipys(rng: np.random.Generator) -> None:
    z = 8 * rng.standard_normal((50, 8))
    np.testing.assert_allclose(normal_cdf(z), special.ndtr(z), rtol=1e-12)
    share = np.concatenate([10 ** rng.uniform(-30, 0, 200), rng.uniform(0, 1, 200)]).reshape(2, -1)
    np.testing.assert_allclose(normal_quantile(share), special.ndtri(share), rtol=1e-13, atol=1e-15)


def test_quantiles_at_the_ends_are_infinite_and_outside_are_no_number() -> None:
    np.testing.assert_array_equal(
        normal_quantile(np.array([0.0, 1.0, -0.1, 1.1, np.nan])), [-np.inf, np.inf] + 3 * [np.nan]
    )
    assert normal_quantile(np.array(0.5)).shape == normal_cdf(np.array(0.0)).shape == ()


def test_tails_of_f_are_scipys(rng: np.random.Generator) -> None:
    for _ in range(500):
        above, below = int(10 ** rng.uniform(0, 2)), int(10 ** rng.uniform(0, 5))
        ratio = 10 ** rng.uniform(-6, 2)
        expected = special.fdtrc(above, below, ratio)
        # logarithms of the gamma function up to 1e6 carry 1e-10
        np.testing.assert_allclose(f_tail(above, below, ratio), expected, rtol=1e-8, atol=1e-100)


def test_tails_of_f_at_the_ends() -> None:
    assert f_tail(2, 5, 0.0) == f_tail(2, 5, 1e-320) == 1.0
    assert f_tail(2, 5, np.inf) == 0.0
    assert f_tail(1, 1, 1e300) < 1e-100
    assert np.isnan(f_tail(2, 5, np.nan))
