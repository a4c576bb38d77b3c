"""Loss surfaces known only through predictions; their optimum is found on a grid of log N."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from scalelaw.accounting.flops import Counting
from scalelaw.core.minimum import least, lowest
from scalelaw.core.nouns.brief import Brief
from scalelaw.core.types import Array, Inputs
from scalelaw.planning.surfaces.path import first_reaching
from scalelaw.planning.surfaces.surface import Points

_COARSE = 0.25 * math.log(10)
"""Coarse step in ln N for a single surface, from N = 1 to D = 1; the minimum is then refined."""
_STEP = 0.1 * math.log(10)
_CLOSE, _NEAR = 5, 30
"""Fine steps on each side: of a coarse minimum (half a decade), and, for draws, of the point's N* (three decades)."""


@dataclass(frozen=True, eq=False)
class Numeric(Brief):
    """Surfaces evaluated point by point.

    Attributes:
        evaluate: inputs of shape (n,) -> losses (b, n); always the same b surfaces in the same order.
        counting: convention that gives C from N and D; also names the kind of N.
        size: the number b of surfaces.
        centre: for draws, the surface of the point estimate, whose optimum is near the optima of the draws; else None.
    """

    evaluate: Callable[[Inputs], Array]
    counting: Counting
    size: int = 1
    centre: "Numeric | None" = None

    @np.errstate(all="ignore")
    def loss(self, params: Array, tokens: Array) -> Array:
        """Return the loss (b, n) at n points; infinite if it overflows."""
        return self.evaluate({self.counting.params: params, "tokens": tokens})

    def optimum(self, flops: Array) -> tuple[Array, Array]:
        """Return N* (b, n) and its loss; NaN if the least loss is at the edge of the grid.

        The search takes one budget at a time, so that its arrays stay in cache.
        """
        found = [self._at_budget(budget) for budget in np.ravel(flops)]
        return np.stack([params for params, _ in found], axis=1), np.stack([loss for _, loss in found], axis=1)

    def at_loss(self, loss: Array, around: float | None = None) -> Points:
        """Return the points where each surface first reaches the loss; several surfaces need ``around``."""
        return first_reaching(self, "loss", loss, around=around)

    def _at_budget(self, flops: float) -> tuple[Array, Array]:
        log_params = self._grid(flops)
        log_best, loss = least(log_params, self._along(log_params, flops))
        return np.exp(log_best), loss

    def _along(self, log_params: Array, flops: float) -> Array:
        """Return the loss (b, m) at m sizes that share one budget."""
        params = np.exp(log_params)
        return self.loss(params, self.counting.tokens(params, flops))

    def _grid(self, flops: float) -> Array:
        """Return the fine grid of ln N; empty if the coarse minimum is at an end of the range."""
        if self.centre is not None:
            middle = math.log(self.centre.optimum(np.full(1, flops))[0][0, 0])
            return _around(middle, _NEAR)
        coarse = np.arange(0.0, math.log(float(self.counting.params_for(1.0, flops))), _COARSE)
        low = lowest(self._along(coarse, flops))[0] if coarse.size else 0
        if low in (0, coarse.size - 1):
            return coarse[:0]
        return _around(float(coarse[low]), _CLOSE)


def _around(middle: float, steps: int) -> Array:
    return np.asarray(middle + _STEP * np.arange(-steps, steps + 1.0), float)
