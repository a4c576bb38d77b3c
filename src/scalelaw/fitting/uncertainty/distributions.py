"""Normal and F distributions in the standard library, for commands that need nothing else of SciPy.

Importing ``scipy.special`` takes 0.2 s, twice what NumPy takes, and a plan needs three of its functions.
"""

from math import erfc, exp, inf, lgamma, log, log1p, nan, sqrt
from statistics import NormalDist

import numpy as np

from scalelaw.core.types import AnyArray, Array

_NORMAL = NormalDist()
_MOST_TERMS = 10_000
_CLOSE = 1e-15
_TINY = 1e-300


def normal_cdf(z: AnyArray) -> Array:
    """Return the probability that a standard normal variable is below each value."""
    scaled = np.asarray(z, float) / -sqrt(2)
    return np.array([0.5 * erfc(value) for value in scaled.ravel().tolist()]).reshape(scaled.shape)


def normal_quantile(share: AnyArray) -> Array:
    """Return the standard normal quantile of each share; infinite at 0 and 1, not a number outside."""
    shares = np.asarray(share, float)
    return np.array([_quantile(value) for value in shares.ravel().tolist()]).reshape(shares.shape)


def _quantile(share: float) -> float:
    if 0 < share < 1:
        return _NORMAL.inv_cdf(share)
    return {0.0: -inf, 1.0: inf}.get(share, nan)


def f_tail(above: int, below: int, ratio: float) -> float:
    """Return the probability that an F variable with these degrees of freedom exceeds a ratio.

    Args:
        above: degrees of freedom of the numerator.
        below: degrees of freedom of the denominator.
        ratio: the ratio of mean squares, at least 0.
    """
    if np.isnan(ratio):
        return nan
    if ratio <= 0:
        return 1.0
    if ratio == inf:
        return 0.0
    a, b = below / 2, above / 2
    odds = log(above) + log(ratio) - log(below)
    if odds > 700:
        return 0.0
    log_x, log_rest = -log1p(exp(odds)), -log1p(exp(-odds)) if odds > -700 else odds
    scale = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log_x + b * log_rest)
    x = exp(log_x)
    if x < (a + 1) / (a + b + 2):
        return scale * _continued_fraction(a, b, x) / a
    return 1.0 - scale * _continued_fraction(b, a, exp(log_rest)) / b


def _continued_fraction(a: float, b: float, x: float) -> float:
    """Evaluate the continued fraction of the incomplete beta function by Lentz's method (DLMF 8.17.22)."""
    upper, lower = 1.0, 1 / _away(1 - (a + b) * x / (a + 1))
    found = lower
    for m in range(1, _MOST_TERMS):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for term in (even, odd):
            lower = 1 / _away(1 + term * lower)
            upper = _away(1 + term / upper)
            found *= upper * lower
        if abs(upper * lower - 1) < _CLOSE:
            break
    return found


def _away(value: float) -> float:
    """Return the value, or a tiny one in place of nought, by which the next term is divided."""
    return value if abs(value) > _TINY else _TINY
