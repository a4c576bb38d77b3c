"""Functions for writing laws that accept complex arguments, so that derivatives can be taken by complex step.

NumPy's ``abs`` silently drops the imaginary part and ``logaddexp`` refuses complex numbers; a test keeps both out of
the laws.
"""

import numpy as np

from scalelaw.core.types import AnyArray

exp = np.exp
log = np.log
expm1 = np.expm1


def power(x: AnyArray, exponent: AnyArray) -> AnyArray:
    """Return x**exponent for positive x, taking the logarithm once per point rather than per problem."""
    return np.asarray(np.exp(exponent * np.log(x)))


def absolute(x: AnyArray) -> AnyArray:
    """Return |x| by the sign of the real part."""
    return np.where(np.real(x) < 0, -x, x)


def logaddexp(a: AnyArray, b: AnyArray) -> AnyArray:
    """Return log(exp(a) + exp(b)) without overflow."""
    top = np.where(np.real(a) > np.real(b), a, b)
    return np.asarray(top + np.log(np.exp(a - top) + np.exp(b - top)))


def softplus(x: AnyArray) -> AnyArray:
    """Return log(1 + exp(x)) without overflow."""
    return np.where(np.real(x) > 0, x, 0.0) + np.log1p(np.exp(-absolute(x)))


def expit(x: AnyArray) -> AnyArray:
    """Return 1 / (1 + exp(-x)) without overflow."""
    return np.exp(-softplus(-x))


def minimum(a: AnyArray, b: AnyArray) -> AnyArray:
    """Return the smaller of two by their real parts."""
    return np.where(np.real(a) < np.real(b), a, b)


def maximum(a: AnyArray, b: AnyArray) -> AnyArray:
    """Return the larger of two by their real parts."""
    return np.where(np.real(a) > np.real(b), a, b)
