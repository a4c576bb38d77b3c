"""Where a score leaves chance, how steeply, and how surely."""

import numpy as np

from scalelaw.core.estimate import Estimate
from scalelaw.core.types import Array
from scalelaw.diagnosing.onsets.compared import Compared
from scalelaw.diagnosing.onsets.forms import Counts, Curve, fit_curve
from scalelaw.diagnosing.onsets.rows import Scale
from scalelaw.diagnosing.onsets.token_metrics import visible_excess

_GRID = 801
_UNITS = {"flops": "FLOP", "params": "parameters", "tokens": "tokens", "loss": "nats/token"}


def onset(scale: Scale, compared: Compared, *, level: float, draws: int, seed: int) -> Estimate | None:
    """Return the smallest scale whose fitted score its items can separate from chance; None without one.

    The interval is by a parametric bootstrap of the chosen curve, with its over-dispersion.

    Args:
        scale: where the rows lie.
        compared: the fitted curves.
        level: probability of the interval.
        draws: resamples; 0 gives no interval.
        seed: seed of the resamples.
    """
    counts, curve = compared.counts, compared.chosen
    value = float(first_visible(counts, curve)[0])
    if not np.isfinite(value):
        return None
    lo = hi = None
    if draws:
        drawn = _redrawn(compared, curve, draws, np.random.default_rng(seed))
        refit = fit_curve(curve.form, Counts(counts.u, drawn, counts.n, counts.g))
        if refit is not None:
            places = first_visible(counts, refit)
            low, high = np.quantile(np.where(np.isfinite(places), places, 1.0), [(1 - level) / 2, (1 + level) / 2])
            ends = scale.value([min(low, value), max(high, value)])
            lo, hi = float(ends.min()), float(ends.max())
    return Estimate(float(scale.value(value)), lo, hi, level, _UNITS[scale.name])


def first_visible(counts: Counts, curve: Curve) -> Array:
    """Return the first scaled place where the excess over chance shows, (b,); infinite where none does."""
    grid = np.linspace(-1, 1, _GRID)
    nearest = np.argmin(np.abs(counts.u[:, None] - grid), axis=0)
    excess = (1 - counts.g[nearest]) * np.atleast_2d(curve.share(grid))
    short = excess - visible_excess(counts.g, counts.n)[nearest]
    seen = short > 0
    at = np.argmax(seen, axis=1)
    row, before = np.arange(len(short)), np.maximum(at - 1, 0)
    step = short[row, at] - short[row, before]
    part = np.where(at > 0, short[row, at] / np.where(step > 0, step, 1.0), 0.0)
    return np.asarray(np.where(seen.any(axis=1), grid[at] - part * (grid[1] - grid[0]), np.inf))


def _redrawn(compared: Compared, curve: Curve, draws: int, rng: np.random.Generator) -> Array:
    counts = compared.counts
    share = np.clip(counts.g + (1 - counts.g) * curve.share(counts.u), 0, 1)
    items = np.maximum(np.round(counts.n / compared.dispersion), 1).astype(int)
    return np.asarray(rng.binomial(items, share, size=(draws, len(share))) / items)


def steepness(scale: Scale, compared: Compared) -> float | None:
    """Return decades (nats of loss) from 10 % to 90 % of the fitted sigmoid, 4.394 / k; None if it does not rise."""
    curve = compared.curves["sigmoid"]
    slope = float(curve.coef[1]) / scale.half
    return 4.394 / slope if slope > 0 else None
