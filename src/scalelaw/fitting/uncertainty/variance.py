"""The relative noise of each row, estimated or known.

It is a power of size or compute, a standard error, or follows from the number of items behind a score.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from scalelaw.core.components import components
from scalelaw.core.errors import BadInput
from scalelaw.core.nouns.brief import Brief
from scalelaw.core.types import Array, Inputs
from scalelaw.fitting.solver.noise import ITEMS, STANDARD_ERROR, Noise
from scalelaw.fitting.uncertainty.fitted_problem import LinearisedFit
from scalelaw.fitting.uncertainty.residual_model import log_size, restricted_likelihood
from scalelaw.runs.observations import Observations

_STEEPEST = 2.0
_ROUNDS = 4
_GRID = 60
_MOST_CORRELATED = 0.9
_EXCESS = np.concatenate([[0.0], np.geomspace(0.02, 50, 80)])


@dataclass(frozen=True, eq=False)
class VarianceFunction(Brief):
    """The relative noise of each fitted row, and the function of size it follows.

    Attributes:
        relative: sd of each row over their geometric mean, (n,); of scores, 1/sqrt(items) under ``binomial`` and
            sqrt(1/items + rho) under ``beta_binomial``.
        gamma: the exponent in sd = s (size / reference)^gamma; None if noise does not depend on size.
        gamma_se: standard error of ``gamma``.
        log_reference: logarithm of the geometric mean of size.
        excess: common sd beyond the standard errors, on the scale of residuals; None without standard errors. Under
            ``beta_binomial``, sqrt(rho).
        items: median number of items of the fitted scores; None unless they scale the noise.
    """

    relative: Array
    gamma: float | None = None
    gamma_se: float | None = None
    log_reference: float = 0.0
    excess: float | None = None
    items: float | None = None

    def at(self, x: Inputs, noise: Noise) -> Array:
        """Return the relative sd of new rows, (n,): the median of the fitted rows if it does not depend on size."""
        if self.gamma is not None:
            return np.asarray(np.exp(self.gamma * (log_size(x, noise.scale) - self.log_reference)))
        if noise.counts and "n_items" in x:
            return np.asarray(np.sqrt(1 / np.asarray(x["n_items"]) + self.correlation))
        shape = np.broadcast_shapes(*(np.shape(values) for values in components(x).values()))
        return np.full(shape, float(np.median(self.relative)))

    @property
    def correlation(self) -> float:
        """Variance of a score that its items do not explain, over p (1 - p): rho of beta-binomial noise, or zero."""
        return (self.excess or 0.0) ** 2

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON, without the rows."""
        return {"gamma": self.gamma, "gamma_se": self.gamma_se, "excess": self.excess}


def first_spread(noise: Noise, observed: Observations, x: Inputs) -> VarianceFunction | None:
    """Return the relative sds to start a fit with, or None if all rows have the same noise.

    Raises:
        BadInput: the rows lack the quantity that scales the noise.
    """
    if noise.of_items:
        items = observed.columns.get("n_items")
        if items is None or not np.all(np.asarray(items, float) > 0):
            raise BadInput("binomial noise needs n_items, the items behind each score; name the column with columns=")
        if not np.all((observed.y >= 0) & (observed.y <= 1)):
            wrong = float(observed.y[(observed.y < 0) | (observed.y > 1)][0])
            raise BadInput(f"binomial noise needs scores as fractions from 0 to 1, got {wrong:g}; 62 % is 0.62")
        relative = 1 / np.sqrt(np.asarray(items, float))
        return VarianceFunction(relative if noise.counts else relative / np.exp(np.mean(np.log(relative))))
    if noise.scale == STANDARD_ERROR:
        if observed.se is None or not np.any(np.isfinite(observed.se)):
            raise BadInput("scale='se' needs standard errors; endpoints(last=k) and best(...) estimate them")
        return VarianceFunction(np.ones(len(observed)))
    if noise.scale is None:
        return None
    return VarianceFunction(np.ones(len(observed)), 0.0, None, float(np.mean(_size(noise, x))))


def next_spread(
    noise: Noise, before: VarianceFunction, at: LinearisedFit, observed: Observations, x: Inputs
) -> VarianceFunction:
    """Estimate relative sds from the residuals of a fit by restricted likelihood.

    Args:
        noise: how the noise scales.
        before: the relative sds of that fit.
        at: the law linearised at the fit, on the scale of standardised residuals.
        observed: the rows.
        x: inputs, each (n,).
    """
    raw = LinearisedFit(at.residual * before.relative, at.slopes * before.relative[:, None])
    if noise.kind == "binomial":
        return before
    if noise.kind == "beta_binomial":
        return _correlated(raw, np.asarray(observed.columns["n_items"], float))
    if noise.scale == ITEMS:
        return _of_items(raw, observed)
    if noise.scale == STANDARD_ERROR:
        assert observed.se is not None
        own = np.where(np.isfinite(observed.se), observed.se, np.nanmedian(observed.se))
        return _with_excess(raw, own if noise.on == "raw" else own * np.abs(noise.slope(observed.y)))
    log = _size(noise, x)
    centred = log - log.mean()
    gamma, se = 0.0, _STEEPEST / max(float(np.std(log)), 1e-12)
    for _ in range(_ROUNDS):
        grid = gamma + np.linspace(-4, 4, 41) * se
        likelihood = restricted_likelihood(raw, np.exp(grid[:, None] * centred))
        share = np.exp(likelihood - likelihood.max())
        share /= share.sum()
        gamma = float(share @ grid)
        se = max(float(np.sqrt(share @ (grid - gamma) ** 2)), 0.05 * se)
    return VarianceFunction(np.exp(gamma * centred), gamma, se, float(log.mean()))


def _correlated(raw: LinearisedFit, items: Array) -> VarianceFunction:
    """Return sds sqrt(1/items + rho) of deviance residuals of one item, rho by restricted likelihood."""
    rho = min(_common(raw, 1 / items), _MOST_CORRELATED)
    return VarianceFunction(np.sqrt(1 / items + rho), excess=float(np.sqrt(rho)))


def _of_items(raw: LinearisedFit, observed: Observations) -> VarianceFunction:
    """Return sds sqrt(p (1 - p) / items + tau^2) of the fitted scores p, kept half an item from zero and one."""
    items = np.asarray(observed.columns[ITEMS], float)
    p = np.clip(observed.y + raw.residual, 0.5 / items, 1 - 0.5 / items)
    variance = p * (1 - p) / items
    beyond = _common(raw, variance)
    relative = np.sqrt(variance + beyond)
    unit = float(np.exp(np.mean(np.log(relative))))
    return VarianceFunction(relative / unit, excess=float(np.sqrt(beyond)), items=float(np.median(items)))


def _common(raw: LinearisedFit, variance: Array) -> float:
    """Return the variance that all rows share beyond their own, by restricted likelihood."""
    typical, seen = float(np.mean(variance)), float(np.mean(raw.residual**2))
    grid = np.concatenate([[0.0], np.geomspace(1e-2 * typical, max(1e2 * typical, 4 * seen), _GRID)])
    unit = np.sqrt(typical)
    sds = np.sqrt(variance + grid[:, None]) / unit
    likelihood = restricted_likelihood(LinearisedFit(raw.residual / unit, raw.slopes), sds, known=True)
    return float(grid[int(np.argmax(likelihood))])


def _with_excess(raw: LinearisedFit, se: Array) -> VarianceFunction:
    """Return sds sqrt(tau^2 + se^2) on the scale of residuals, tau^2 by restricted likelihood."""
    typical = float(np.sqrt(np.mean(se**2))) or 1.0
    sds = np.sqrt((_EXCESS[:, None] * typical) ** 2 + np.maximum(se, 1e-6 * typical) ** 2)
    known = [_contrasts(raw, sd) for sd in sds]
    tau = float(_EXCESS[int(np.argmax(known))] * typical)
    relative = np.sqrt(tau**2 + np.maximum(se, 1e-6 * typical) ** 2)
    return VarianceFunction(relative / np.exp(np.mean(np.log(relative))), excess=tau)


def _contrasts(at: LinearisedFit, sd: Array) -> float:
    """Return the restricted log-likelihood of known sds."""
    slopes, residual = at.slopes / sd[:, None], at.residual / sd
    basis, upper = np.linalg.qr(slopes)
    left = residual - basis @ (basis.T @ residual)
    return float(-np.log(sd).sum() - np.log(np.abs(np.diag(upper))).sum() - 0.5 * left @ left)


def _size(noise: Noise, x: Mapping[str, Array]) -> Array:
    try:
        return log_size(x, noise.scale)
    except KeyError:
        raise BadInput(
            f"scale={noise.scale!r} is not an input of the law; use {', '.join(x)}, flops if the law takes params and "
            "tokens, or se"
        ) from None
