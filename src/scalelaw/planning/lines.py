"""Efficient lines sampled from several laws, as loss surfaces; N* on each line is a power of C."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np

from scalelaw.accounting.flops import Counting
from scalelaw.core.nouns.brief import Brief
from scalelaw.core.types import Array
from scalelaw.fitting.uncertainty.distributions import normal_quantile
from scalelaw.planning.growth import Growth, HasDeciders
from scalelaw.planning.surfaces.path import first_reaching
from scalelaw.planning.surfaces.surface import Points

LINES = 1000
"""Number of lines; they are evenly spread, so that 5 % quantiles are accurate to 0.01 standard deviations."""
_ROOTS = np.array([0.8191725133961645, 0.6710436067037893, 0.5497004779019703])
"""Steps of an evenly spread (R3) sequence in the unit cube: powers of 1 / 1.22074, the root of x^4 = x + 1."""


@dataclass(frozen=True, eq=False)
class EfficientLines(Brief):
    """Sampled efficient lines; each line has a different loss.

    Attributes:
        forecaster: gives the loss.
        counting: convention that gives C from N and D.
        pairs: ln N* at the largest fitted budget and its exponent, (b, 2).
    """

    forecaster: HasDeciders
    counting: Counting
    pairs: Array

    @property
    def size(self) -> int:
        """The number of lines."""
        return len(self.pairs)

    @cached_property
    def _shifts(self) -> Array:
        """Offset of each line's loss from the forecast, in widths, (b, 1); independent of ``pairs``."""
        ranks = (np.arange(self.size) + 0.5) / self.size
        return self.forecaster.quantile(np.random.default_rng(0).permutation(ranks))[:, None]

    def log_params(self, flops: Array) -> Array:
        """Return ln N* (b, n)."""
        return self.pairs[:, :1] + self.pairs[:, 1:] * np.log(np.ravel(flops) / self.forecaster.largest)

    def loss(self, params: Array, tokens: Array) -> Array:
        """Return the loss (b, n) at points (n,) or (b, n), spread over the lines like the forecast's interval."""
        n, d = (np.broadcast_to(values, (self.size, np.shape(values)[-1])) for values in (params, tokens))
        middle = (np.exp(np.median(np.log(values), axis=0)) for values in (n, d))
        return self.forecaster.centre(n, d) * np.exp(self._shifts * self.forecaster.width(*middle))

    def optimum(self, flops: Array) -> tuple[Array, Array]:
        """Return N* (b, n) and the loss there."""
        params = np.exp(self.log_params(flops))
        return params, self.loss(params, self.counting.tokens(params, flops))

    def at_loss(self, loss: Array, around: float | None = None) -> Points:
        """Return the points where each line first reaches the loss; several lines need ``around``."""
        return first_reaching(self, "loss", loss, around=around)


@dataclass(frozen=True, eq=False)
class MedianLine:
    """A loss surface whose N* at each budget is the median over sampled efficient lines; its loss is the forecast."""

    lines: EfficientLines
    size: int = 1

    @property
    def counting(self) -> Counting:
        """How C follows from N and D."""
        return self.lines.counting

    def loss(self, params: Array, tokens: Array) -> Array:
        """Return the loss (1, n)."""
        return np.atleast_2d(self.lines.forecaster.centre(np.asarray(params), np.asarray(tokens)))

    def optimum(self, flops: Array) -> tuple[Array, Array]:
        """Return N* (1, n) and the loss there."""
        params = np.exp(np.median(self.lines.log_params(flops), axis=0, keepdims=True))
        return params, self.loss(params, self.counting.tokens(params, flops))

    def at_loss(self, loss: Array, around: float | None = None) -> Points:
        """Return where the line first reaches the loss."""
        return first_reaching(self, "loss", loss, around=around)


def draw_lines(
    forecaster: HasDeciders, counting: Counting, found: Sequence[Growth], size: int = LINES
) -> EfficientLines:
    """Sample lines evenly from a mixture of normal distributions; the result is deterministic."""
    weights = np.exp(np.array([each.weight for each in found]) - max(each.weight for each in found))
    shares, scores = _even(size)
    which = np.searchsorted(np.cumsum(weights / weights.sum())[:-1], shares, side="right")
    roots = np.array([np.linalg.cholesky(each.cov) for each in found])[which]
    means = np.array([each.mean for each in found])[which]
    return EfficientLines(forecaster, counting, means + np.einsum("bij,bj->bi", roots, scores))


@cache
def _even(size: int) -> tuple[Array, Array]:
    """Return evenly spread shares (size,), and standard normal scores beside them (size, 2)."""
    spread = (0.5 + np.arange(1, size + 1)[:, None] * _ROOTS) % 1.0
    return spread[:, 0], normal_quantile(spread[:, 1:])
