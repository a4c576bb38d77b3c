"""Fit with a prior: weigh it against the noise of the runs, and draw coefficients with both uncertain."""

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from scalelaw.core.errors import BadInput
from scalelaw.core.types import AnyArray, Array
from scalelaw.fitting.solver.penalty import Prior
from scalelaw.fitting.solver.solve import Problem, solve
from scalelaw.fitting.spec import FitSpec
from scalelaw.fitting.uncertainty.bootstrap import resampled_weights
from scalelaw.fitting.uncertainty.fitted_problem import numbered
from scalelaw.fitting.uncertainty.prior import few, noise_of, penalty, perturbed, prior_of, spent
from scalelaw.runs.observations import Observations

if TYPE_CHECKING:
    from scalelaw.fitting.result import FitResult

_ROUNDS = 3
"""Residuals give the noise, and the noise sets the prior's weight, which changes the residuals little."""


def with_prior(problem: Problem, prior: Prior, start: Array, weight: Array, alone: int) -> Problem:
    """Return the problem with the prior, weighted against the noise that its residuals show.

    Args:
        problem: the problem without a prior.
        prior: the prior.
        start: coordinates to start from, (p, q).
        weight: weights (n,).
        alone: number of coefficients that have no prior.
    """
    scale, _ = noise_of(np.zeros(0), problem.noise, problem.y, alone)
    for turn in range(_ROUNDS):
        problem = replace(problem, penalty=penalty(prior, problem.noise, scale))
        solution = solve(problem, start, weight, warm=turn > 0)
        start = solution.u[[np.argmin(solution.objective)]]
        scale, _ = noise_of(problem.residual(start)[0], problem.noise, problem.y, alone)
    return replace(problem, penalty=penalty(prior, problem.noise, scale))


def prior_draws(problem: Problem, u: Array, usable: Observations, spec: FitSpec) -> Array | None:
    """Return coefficients (b, k) of refits with prior and runs perturbed, or None if no draws were requested."""
    held = problem.penalty
    if not spec.draws or held is None:
        return None
    alone = len(problem.coordinates.free) - len(held.prior.names)
    scale, freedom = noise_of(problem.residual(u[None])[0], problem.noise, problem.y, alone)
    cluster: AnyArray = numbered(usable.cluster) if spec.intervals != "pairs" else np.arange(len(usable))
    weights = np.tile(usable.weight, (spec.draws, 1))
    if not few(len(np.unique(cluster)), len(problem.coordinates.law.coefs)):
        weights = resampled_weights(cluster, usable.weight, spec.draws, spec.seed)
    moved = perturbed(problem, weights, cluster, scale, freedom, spec.seed)
    solution = solve(problem, np.tile(u, (spec.draws, 1)), moved.weight, y=moved.y, warm=True)
    coef = problem.coordinates.coef(solution.u)
    draws = coef[np.isfinite(solution.objective) & np.isfinite(coef).all(axis=1)]
    return draws if len(draws) > 1 else None


def new_run_errors(fit: "FitResult", shape: tuple[int, ...], rng: np.random.Generator) -> Array:
    """Draw errors of new runs from Student's t at the noise of the fitted runs, if these are too few to resample."""
    held, spec = prior_of(fit.spec, fit.law), fit.spec
    if held is None:
        raise BadInput("this fit has no prior; its noise is fit.errors")
    y = spec.noise.scaled(fit.rows.y)
    scale, freedom = noise_of(fit.residuals, spec.noise, y, spent(spec, fit.law, held))
    return scale * rng.standard_t(freedom, size=shape)


def leans(fit: "FitResult") -> bool:
    """Return whether a fit has a prior and too few runs to estimate their noise."""
    return fit.spec.prior is not None and few(len(np.unique(fit.rows.cluster)), len(fit.coef))
