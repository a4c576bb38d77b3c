"""Predictions of a fit: draws of the mean or of a new run, and intervals read off them."""

from typing import TYPE_CHECKING

import numpy as np

from scalelaw.core.forecaster import Kind, Prediction, holding, outside
from scalelaw.core.types import Array, Inputs
from scalelaw.fitting.uncertainty.prior_draws import leans, new_run_errors
from scalelaw.fitting.uncertainty.residual_model import log_size
from scalelaw.fitting.uncertainty.score_noise import new_scores

if TYPE_CHECKING:
    from scalelaw.fitting.result import FitResult


@np.errstate(all="ignore")
def sample(fit: "FitResult", x: Inputs, kind: Kind, seed: int) -> Array | None:
    """Draw (draws, n) predictions; ``new_run`` adds the noise of one run, at least that between seeds."""
    if fit.trusted is None:
        return None
    x = fit.rows.arrays(x)
    mean = np.asarray(fit.law.predict(fit.trusted, x))
    if kind == "mean":
        return mean
    noise, rng = fit.scoring, np.random.default_rng(seed)
    if leans(fit):
        return noise.unscaled(noise.scaled(mean) - new_run_errors(fit, mean.shape, rng))
    if noise.of_items:
        return new_scores(fit, x, mean, rng)
    relative = 1.0 if fit.spread is None else fit.spread.at(x, noise)
    named = noise.scale if fit.spread is not None and fit.spread.gamma is not None else None
    size = np.broadcast_to(log_size(x, named), mean.shape[-1:])
    floor = fit.seed_floor.sd / fit.errors.sd if fit.seed_floor and fit.errors.sd > 0 else 0.0
    error = fit.errors.draw(size, len(mean), rng) * relative * max(1.0, floor)
    return np.asarray(noise.unscaled(noise.scaled(mean) - error))


@np.errstate(all="ignore")
def predict(fit: "FitResult", x: Inputs, level: float, kind: Kind) -> Prediction:
    """Predict at n points, given as arrays, with the interval of the mean or of a new run."""
    x = fit.rows.arrays(x)
    mean = np.asarray(fit.law.predict(fit.coef, x))
    draws = sample(fit, x, kind, fit.spec.seed)
    lo, hi = (None, None) if draws is None else holding(mean, draws, level)
    return Prediction(mean, lo, hi, level, np.broadcast_to(outside(x, fit.domain), mean.shape))
