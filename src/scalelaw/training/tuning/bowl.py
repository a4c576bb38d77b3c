"""A quadratic bowl in log learning rate and log batch: its minimum, the interval, and the curvature.

    ln L = c + g . x + x' H x / 2        x = (ln rate, ln batch)

Losses rise more steeply above the best rate than below it, so only trials near the best are fitted. The interval comes
from a bowl with a cubic term in the rate; without it the interval is too narrow (docs/decisions/0042).
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from scalelaw.core.types import AnyArray, Array

NEAR = math.log(2)
"""Largest distance in ln rate from the best of fitted trials, if there are enough."""
_SPARE = 2
"""Required number of values beyond the number of coefficients."""
_GRID = 257


@dataclass(frozen=True, eq=False)
class Bowl:
    """The minimum of a bowl at one of the batches.

    Attributes:
        log_lr: ln rate at the minimum.
        interval: interval of ``log_lr``, within the fitted range.
        log_batch: requested ln batch, or the one with the lowest minimum; 0 if only the rate was searched.
        value: ln loss at the minimum.
        curvature: second derivative of ln loss in ln rate; None if not positive.
        edge: whether the minimum is at an end of the fitted range and may lie beyond.
        by_batch: ln batch -> ln loss at its best rate.
        used: number of fitted values.
        rmse: residual standard deviation, with degrees of freedom.
    """

    log_lr: float
    interval: tuple[float, float]
    log_batch: float
    value: float
    curvature: float | None
    edge: bool
    by_batch: Mapping[float, float] = field(hash=False)
    used: int
    rmse: float

    def cost(self, factor: float) -> float | None:
        """Return the relative increase of the loss if the rate is off by a factor; None without curvature."""
        return None if self.curvature is None else math.expm1(self.curvature * math.log(factor) ** 2 / 2)


def bowl(
    log_lr: AnyArray,
    log_loss: AnyArray,
    log_batch: AnyArray | None = None,
    *,
    at_batch: float | None = None,
    level: float = 0.9,
    draws: int = 2000,
    seed: int = 0,
) -> Bowl | None:
    """Fit a bowl to losses by rate and batch; None if the values are too few or do not vary.

    Args:
        log_lr: ln rate, (n,).
        log_loss: ln loss, (n,); infinite if diverged, and then excluded.
        log_batch: ln batch, (n,); None for a single batch.
        at_batch: ln of one tried batch; None minimises over all batches.
        level: probability of the interval.
        draws: draws of the coefficients, for the interval.
        seed: seed of the draws.

    Example:
        >>> rates = np.log([0.005, 0.01, 0.02, 0.04, 0.08])
        >>> found = bowl(rates, 1 + 0.1 * (rates - np.log(0.015)) ** 2)
        >>> f"{np.exp(found.log_lr):.3f}, {found.cost(2):.4f}"
        '0.015, 0.0492'
    """
    there = np.isfinite(log_loss)
    x, y = np.asarray(log_lr, float)[there], np.asarray(log_loss, float)[there]
    b = np.zeros(len(x)) if log_batch is None else np.asarray(log_batch, float)[there]
    k = 3 + (terms := min(len(np.unique(b)), 3) - 1) + (terms > 0)
    if len(y) < k + _SPARE:
        return None
    centre = np.array([x[np.argmin(y)], b.mean()])
    u, v = x - centre[0], b - centre[1]
    near = np.argsort(np.abs(u), kind="stable")[: max(k + _SPARE, int(np.sum(np.abs(u) <= NEAR + 1e-9)))]
    u, v, y = u[near], v[near], y[near]
    rows = _design(u, v, terms)
    if np.linalg.matrix_rank(rows) < k:
        return None
    coef = np.linalg.lstsq(rows, y, rcond=None)[0]
    grid, batches = np.linspace(u.min(), u.max(), _GRID), np.unique(v)
    surface = np.array([_design(grid, np.full(_GRID, each), terms) @ coef for each in batches])
    best = int(np.argmin(surface.min(axis=1) if at_batch is None else np.abs(centre[1] + batches - at_batch)))
    at = int(np.argmin(surface[best]))
    skew = len(y) > k + _SPARE and np.linalg.matrix_rank(_design(u, v, terms, skew=True)) > k
    drawn = _drawn(_design(u, v, terms, skew=skew), y, draws, seed)
    along = _design(grid, np.full(_GRID, batches[best]), terms, skew=skew)
    lo, hi = np.quantile(grid[np.argmin(drawn @ along.T, axis=1)], [(1 - level) / 2, (1 + level) / 2])
    return Bowl(
        log_lr=float(centre[0] + grid[at]),
        interval=(float(centre[0] + min(lo, grid[at])), float(centre[0] + max(hi, grid[at]))),
        log_batch=float(centre[1] + batches[best]),
        value=float(surface[best, at]),
        curvature=float(2 * coef[2]) if coef[2] > 0 else None,
        edge=at in (0, _GRID - 1),
        by_batch={float(centre[1] + each): float(row.min()) for each, row in zip(batches, surface, strict=True)},
        used=len(y),
        rmse=float(np.sqrt(np.sum((y - rows @ coef) ** 2) / (len(y) - k))),
    )


def _design(u: Array, v: Array, terms: int, *, skew: bool = False) -> Array:
    """Return the design matrix, with ``terms`` powers of the batch and, if any, one interaction column."""
    columns = [np.ones_like(u), u, u**2, *(v ** (power + 1) for power in range(terms))]
    return np.column_stack([*columns, *([u * v] if terms else []), *([u**3] if skew else [])])


def _drawn(rows: Array, y: Array, draws: int, seed: int) -> Array:
    """Return draws of the coefficients under Student's t, (draws, k)."""
    n, k = rows.shape
    coef = np.linalg.lstsq(rows, y, rcond=None)[0]
    sd = np.sqrt(np.sum((y - rows @ coef) ** 2) / (n - k))
    draw = np.random.default_rng(seed)
    scatter = draw.standard_normal((draws, k)) * np.sqrt((n - k) / draw.chisquare(n - k, (draws, 1)))
    return np.asarray(coef + sd * scatter @ np.linalg.inv(np.linalg.qr(rows)[1]).T)
