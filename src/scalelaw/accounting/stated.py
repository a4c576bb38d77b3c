"""Check whether a table's own FLOPs are 6 N D; if not, fit their cost as a function of N.

Published tables round their FLOPs, some to one digit, so scatter about 6 N D alone does not show another way of
counting. A table counts differently if a curve predicts the FLOPs of held-out rows better than 6 N D does.
"""

import numpy as np

from scalelaw.accounting.cost import StatedCost, through
from scalelaw.core.types import AnyArray, Array

FEWEST = 3
"""Fewest rows with N, D and C to fit a cost."""
LEAST = 0.02
"""A table with FLOPs within this log distance of 6 N D counts by 6 N D."""
_GAIN = 0.6
"""A cost must predict held-out rows with less than this share of the error of 6 N D."""
_SAME_SIZE = 0.05
_KNOTS = (1, 2, 3, 4, 6, 8, 12, 16, 24)
_FOLDS, _ALL_BELOW = 5, 12
_WILD = 3.0
"""A row this far from the median in the log has a wrong unit, since no cost of one table spans a factor of 20."""
_STEEP = 2 / 3
"""Largest slope of ln f at the ends of the table: that of an embedding far larger than the layers."""
_NO_WORSE, _EXACT = 1.05, 5e-4


def stated_cost(log_factor: AnyArray, params: AnyArray) -> StatedCost | None:
    """Return the cost that a table states, or None if it is 6 N D, has too few rows, or falls with N.

    Args:
        log_factor: ln(C / (6 N D)) of each row, (n,); values that are not finite are ignored.
        params: N of each row, (n,).

    Example:
        >>> import numpy as np
        >>> n = np.geomspace(1e7, 1e9, 8)
        >>> found = stated_cost(np.log(1 + (n / 1e8) ** -0.5), n)
        >>> round(float(found.factor(1e8)), 2), stated_cost(np.zeros(8), n)
        (2.0, None)
    """
    y, n = np.asarray(log_factor, float), np.asarray(params, float)
    with np.errstate(invalid="ignore"):
        usable = np.isfinite(y) & np.isfinite(n) & (n > 0)
        usable &= np.abs(y - np.median(y[usable])) < _WILD if usable.any() else usable
    if usable.sum() < FEWEST:
        return None
    order = np.lexsort((y[usable], n[usable]))
    x, y = np.log(n[usable][order]), y[usable][order]
    if np.abs(y).max() < LEAST:
        return None
    size = np.cumsum(np.append(0, np.diff(x) > _SAME_SIZE))
    knots, error = _chosen(x, y, size)
    if error > _GAIN * float(np.mean(np.abs(y))):
        return None
    for fewer in [k for k in _KNOTS[::-1] if k < knots] if knots > 1 else []:
        found = _curve(x, y, size, knots, error)
        if found.increasing:
            break
        knots = fewer
    found = _curve(x, y, size, knots, error)
    off = max(abs(np.log(end)) for end in found.range)
    return found if found.increasing and off >= max(LEAST, error) else None


def _chosen(x: Array, y: Array, size: AnyArray) -> tuple[int, float]:
    """Return the fewest knots that predict held-out rows about as well as any number, and their mean error."""
    sizes = int(size[-1]) + 1
    tried = sorted({k for k in (*_KNOTS, sizes) if k <= min(sizes, _KNOTS[-1])})
    folds = np.arange(len(y)) % (len(y) if len(y) < _ALL_BELOW else _FOLDS)
    errors = [_left_out(x, y, size, folds, k) for k in tried]
    best = min(errors)
    enough = max(_NO_WORSE * best, best + _EXACT)
    return next((k, error) for k, error in zip(tried, errors, strict=True) if error <= enough)


def _left_out(x: Array, y: Array, size: AnyArray, folds: AnyArray, knots: int) -> float:
    """Return the mean error of rows predicted by the curve through the other folds."""
    missed = []
    for fold in np.unique(folds):
        kept = folds != fold
        curve = _curve(x[kept], y[kept], size[kept], knots, 0.0)
        missed.append(np.abs(np.log(curve.factor(np.exp(x[~kept]))) - y[~kept]))
    return float(np.mean(np.concatenate(missed)))


def _curve(x: Array, y: Array, size: AnyArray, knots: int, error: float) -> StatedCost:
    """Return the curve through the medians of this many groups of neighbouring sizes."""
    groups = np.array_split(np.unique(size), min(knots, len(np.unique(size))))
    members = [np.isin(size, group) for group in groups]
    at = np.array([float(np.mean(x[mine])) for mine in members])
    values = np.array([float(np.median(y[mine])) for mine in members])
    noise = 1.25 * error / np.sqrt(len(y) / len(groups))

    def shrunk(slope: float, over: float) -> float:
        unsure = (1.41 * noise / over / slope) ** 2 if slope else 1.0
        return float(np.clip(slope * max(0.0, 1.0 - unsure), -_STEEP, _STEEP))

    return through(at, values, len(y), error, shrunk)
