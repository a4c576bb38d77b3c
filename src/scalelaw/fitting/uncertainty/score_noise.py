"""Draw scores of future runs: binomial around the law, plus the variance between runs that the fit found."""

from typing import TYPE_CHECKING

import numpy as np

from scalelaw.core.types import Array, Inputs

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
    rho = fit.spread.correlation
    relative = np.broadcast_to(fit.spread.at(x, fit.scoring), mean.shape[-1:])
    items = np.maximum(np.round(1 / (relative**2 - rho)), 1).astype(int)
    share = np.clip(mean, 0, 1)
    if fit.scoring.kind == "binomial":
        noisy = share + fit.errors.sd * (rng.binomial(items, share) / items - share)
        return np.asarray(np.clip(noisy, 0.0, 1.0))
    spare = fit.errors.spare
    drawn = np.minimum(rho * spare / rng.chisquare(spare, size=(len(mean), 1)), _MOST)
    inside = np.clip(share, _EDGE, 1 - _EDGE)
    size = 1 / np.maximum(drawn, _EDGE) - 1
    return np.asarray(rng.binomial(items, rng.beta(inside * size, (1 - inside) * size)) / items)
