"""Loss surfaces known only through a forecaster's predictions; their optimum is found on a grid of log N."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from scalelaw.accounting.flops import FLOPS_PER_PARAM_TOKEN, Counting
from scalelaw.core.types import AnyArray, Array, Inputs
from scalelaw.planning.path import first_reaching
from scalelaw.planning.surface import Points

_COARSE = 0.25 * math.log(10)
"""Step in ln N at which a single surface is searched from N = 1 to D = 1; the least is then looked at closely."""
_STEP = 0.1 * math.log(10)
_CLOSE, _NEAR = 5, 30
"""Fine steps to either side: of a coarse minimum (half a decade), and for draws of the point's N* (three)."""


@dataclass(frozen=True, eq=False)
class Numeric:
    """Surfaces evaluated point by point.

    Attributes:
        evaluate: inputs of shape (n,) -> losses (b, n); the same b surfaces, in the same order, at every call.
        counting: how C follows from N and D; also which N the forecaster takes.
        size: the number b of surfaces.
        centre: the single surface near whose optimum the draws have theirs; None for that surface itself.
    """

    evaluate: Callable[[Inputs], Array]
    counting: Counting
    size: int = 1
    centre: "Numeric | None" = None

    def loss(self, params: Array, tokens: Array) -> Array:
        """Return the loss (b, n) at n points."""
        return self.evaluate({self.counting.params: params, "tokens": tokens})

    def optimum(self, flops: Array) -> tuple[Array, Array]:
        """Return N* (b, n) and the loss there; NaN where the least loss is at the edge of the grid.

        One budget at a time, so that b times the grid stays in cache.
        """
        found = [self._at_budget(budget) for budget in np.ravel(flops)]
        return np.stack([params for params, _ in found], axis=1), np.stack([loss for _, loss in found], axis=1)

    def at_loss(self, loss: Array, around: float | None = None) -> Points:
        """Return where each surface first reaches the loss; ``around`` is needed where there are several."""
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
        """Return the values of ln N to look at closely; none where the least is at an end of what can be searched."""
        if self.centre is not None:
            middle = math.log(self.centre.optimum(np.full(1, flops))[0][0, 0])
            return _around(middle, _NEAR)
        coarse = np.arange(0.0, math.log(flops / FLOPS_PER_PARAM_TOKEN), _COARSE)
        lowest = _lowest(self._along(coarse, flops))[0] if coarse.size else 0
        if lowest in (0, coarse.size - 1):
            return coarse[:0]
        return _around(float(coarse[lowest]), _CLOSE)


def _around(middle: float, steps: int) -> Array:
    return np.asarray(middle + _STEP * np.arange(-steps, steps + 1.0), float)


def _lowest(values: Array) -> AnyArray:
    """Return the index of the least value of each row; NaN counts as infinite."""
    return np.asarray(np.argmin(np.where(np.isnan(values), np.inf, values), axis=1))


def least(grid: Array, values: Array) -> tuple[Array, Array]:
    """Return where each row is least, and how much, by the quartic through its five lowest neighbours.

    A parabola would be off by (beta - alpha) step^2 / 6 in ln N where the two sides differ in steepness; the quartic
    is not. Its slope is solved by Newton from the lowest grid point.

    Args:
        grid: evenly spaced abscissae, shape (m,).
        values: shape (b, m); NaN counts as infinite.

    Returns:
        Abscissa and value, each (b,); NaN where the least value lies within two points of the edge.

    Example:
        >>> least(np.arange(-4.0, 5.0), (np.arange(-4.0, 5.0)[None, :] - 0.25) ** 2)
        (array([0.25]), array([0.]))
    """
    if grid.size < 5:
        return np.full(len(values), np.nan), np.full(len(values), np.nan)
    lowest = _lowest(values)
    middle = np.clip(lowest, 2, grid.size - 3)
    with np.errstate(invalid="ignore", divide="ignore"):
        f = np.take_along_axis(values, middle[:, None] + np.arange(-2, 3), axis=1).T
        first = (f[0] - 8 * f[1] + 8 * f[3] - f[4]) / 12
        second = (-f[0] + 16 * f[1] - 30 * f[2] + 16 * f[3] - f[4]) / 12
        third = (-f[0] + 2 * f[1] - 2 * f[3] + f[4]) / 2
        fourth = f[0] - 4 * f[1] + 6 * f[2] - 4 * f[3] + f[4]
        t = np.zeros(len(values))
        for _ in range(4):
            slope = first + t * (second + t * (third / 2 + t * fourth / 6))
            t = np.clip(t - slope / (second + t * (third + t * fourth / 2)), -1.0, 1.0)
        value = f[2] + t * (first + t * (second / 2 + t * (third / 6 + t * fourth / 24)))
    found = (lowest == middle) & (second > 0)
    return np.where(found, grid[middle] + t * (grid[1] - grid[0]), np.nan), np.where(found, value, np.nan)
