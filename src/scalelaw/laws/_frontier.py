"""The compute-optimal split of E + A/N^a + B/D^b in closed form, for laws that reduce to it."""

import numpy as np

from scalelaw.core.types import Array


def optimum(a: Array, b: Array, alpha: Array, beta: Array, budget: Array) -> tuple[Array, Array]:
    """Return N* and D* that minimise A/N^alpha + B/D^beta where N D = budget.

    N* = G budget^(beta/(alpha+beta)), D* = budget / N*, G = (alpha A / (beta B))^(1/(alpha+beta))
    (Hoffmann et al. 2022, eq. 4). All arguments broadcast.
    """
    total = alpha + beta
    params = (alpha * a / (beta * b)) ** (1 / total) * budget ** (beta / total)
    return params, budget / params


def budget_for(excess: Array, a: Array, b: Array, alpha: Array, beta: Array) -> Array:
    """Return the smallest N D whose optimum reaches A/N^alpha + B/D^beta = excess; infinite if excess <= 0."""
    total = alpha + beta
    gain = (alpha * a / (beta * b)) ** (1 / total)
    at_one = a * gain**-alpha + b * gain**beta
    with np.errstate(divide="ignore", over="ignore"):
        return np.asarray((at_one / np.maximum(excess, 0.0)) ** (total / (alpha * beta)))
