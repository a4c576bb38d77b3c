"""Find the best split of a budget under a cost that is not a multiple of N D, near the optimum under 6 N D."""

import math

import numpy as np

from scalelaw.accounting.flops import FLOPS_PER_PARAM_TOKEN, Counting
from scalelaw.core.minimum import least
from scalelaw.core.types import Array
from scalelaw.laws import HasOptimum, Law

_WIDE = 0.1 * math.log(10) * np.arange(-15, 16.0)
"""Steps of ln N, 1.5 decades to either side; the cost moves the optimum by less."""
_CLOSE = 0.02 * math.log(10) * np.arange(-7, 8.0)


def best_split(law: Law, coef: Array, flops: float, counting: Counting) -> tuple[Array, Array]:
    """Return N* (b,) and the loss there (b,) at one budget; NaN without an optimum.

    Args:
        law: a law that has its optimum at C = 6 N D in closed form.
        coef: coefficients (b, k).
        flops: C in FLOP.
        counting: how C follows from N and D.
    """
    assert isinstance(law, HasOptimum)
    assert counting.cost is not None
    with np.errstate(all="ignore"):
        factor = float(np.exp(np.mean(counting.cost.log_factor)))
        for _ in range(3):
            near = np.asarray(law.optimum(coef, np.asarray(flops / factor), FLOPS_PER_PARAM_TOKEN)[0])
            usable = np.isfinite(near) & (near > 0)
            if not usable.any():
                return np.full(len(coef), np.nan), np.full(len(coef), np.nan)
            factor = float(counting.cost.factor(np.median(near[usable])))
        middle, loss = np.log(np.where(usable, near, np.nan)), np.full(len(coef), np.nan)
        for steps in (_WIDE, _CLOSE):
            params = np.exp(middle[:, None] + steps)
            found, loss = least(
                steps, law.predict(coef, {counting.params: params, "tokens": counting.tokens(params, flops)})
            )
            middle = middle + found
    return np.asarray(np.exp(middle)), loss
