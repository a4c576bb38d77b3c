"""Draw scores of future runs: binomial around the law, plus the variance between runs that the fit found."""

from typing import TYPE_CHECKING

import numpy as np

from scalelaw.core.types import AnyArray, Array, Inputs

if TYPE_CHECKING:
    from scalelaw.fitting.result import FitResult

_EDGE = 1e-12
_MOST = 0.95


def new_scores(fit: "FitResult", x: Inputs, mean: Array, rng: np.random.Generator) -> Array:
    """Draw the scores of new runs in [0, 1], (draws, n).

    The number of items is ``n_items`` of the points, or the median of the fitted rows. Binomial noise is scaled by the
    factor that the fitted rows show; beta-binomial noise draws a probability around the law and then the items.

    Args:
        fit: a fit with binomial or beta-binomial noise.
        x: inputs, each (n,).
        mean: draws of the law, (draws, n).
        rng: generator of the noise.
    """
    assert fit.spread is not None
    if not fit.scoring.counts:
        return _beyond_items(fit, x, mean, rng)
    rho = fit.spread.correlation
    relative = np.broadcast_to(fit.spread.at(x, fit.scoring), mean.shape[-1:])
    items = np.maximum(np.round(1 / (relative**2 - rho)), 1).astype(int)
    share = np.clip(mean, 0, 1)
    if fit.scoring.kind == "binomial":
        noisy = share + fit.errors.sd * (rng.binomial(items, share) / items - share)
        return np.asarray(np.clip(noisy, 0.0, 1.0))
    return _drawn(fit, items, share, rho, rng)


def _beyond_items(fit: "FitResult", x: Inputs, mean: Array, rng: np.random.Generator) -> Array:
    """Draw scores of new runs whose probabilities have the variance that all fitted runs share beyond their items."""
    assert fit.spread is not None
    items = np.broadcast_to(np.asarray(x.get("n_items", fit.spread.items or 1.0)), mean.shape[-1:])
    inside = np.clip(mean, _EDGE, 1 - _EDGE)
    rho = (fit.spread.excess or 0.0) ** 2 / (inside * (1 - inside))
    return _drawn(fit, np.maximum(np.round(items), 1).astype(int), inside, rho, rng)


def _drawn(fit: "FitResult", items: AnyArray, share: Array, rho: Array | float, rng: np.random.Generator) -> Array:
    """Draw scores (draws, n) from beta-binomial distributions, whose rho is as uncertain as a variance."""
    spare = fit.errors.spare
    drawn = np.minimum(rho * spare / rng.chisquare(spare, size=(len(share), 1)), _MOST)
    inside = np.clip(share, _EDGE, 1 - _EDGE)
    size = 1 / np.maximum(drawn, _EDGE) - 1
    return np.asarray(rng.binomial(items, rng.beta(inside * size, (1 - inside) * size)) / items)
