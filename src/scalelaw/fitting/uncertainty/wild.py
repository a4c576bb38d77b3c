"""Wild bootstrap: refit to data whose residuals are multiplied by a random sign and size, run by run."""

import numpy as np

from scalelaw.core.types import Array
from scalelaw.fitting.solver.solve import solve
from scalelaw.fitting.uncertainty.fitted_problem import FittedProblem, LinearisedFit


def wild(sample: FittedProblem, count: int, seed: int) -> Array:
    """Refit to ``count`` tables of predicted + multiplier * residual; return coordinates (count, q).

    The rows of a run share their multiplier: a sign (Liu 1988; Cameron, Gelbach & Miller 2008) times a radius that
    gives Student's t when runs are few. Other multipliers would change the shape of the noise, to which robust
    objectives are sensitive. Residuals come from an efficient fit and are corrected for leverage.

    Args:
        sample: a fitted problem whose residuals are differences.
        count: how many refits.
        seed: seed of the multipliers.
    """
    problem, at = sample.problem, sample.efficient
    coef = problem.coordinates.coef(sample.u[None])[0]
    fitted = problem.noise.scaled(np.asarray(problem.coordinates.law.predict(coef, problem.x)))
    spread = 1.0 if problem.spread is None else problem.spread
    rng = np.random.default_rng(seed)
    spare = max(sample.runs - at.slopes.shape[1], 1)
    radius = np.sqrt(spare / rng.chisquare(spare, size=(count, 1)))
    multiplier = rng.choice([-1.0, 1.0], (count, sample.runs)) * radius
    y = fitted - multiplier[:, sample.member] * (_unshrunk(at, sample) * spread)
    return solve(problem, np.tile(sample.u, (count, 1)), sample.weight, y=y, warm=True).u


def _unshrunk(at: LinearisedFit, sample: FittedProblem) -> Array:
    """Return residuals (I - H)^-1/2 r of each run, H its block of the hat matrix (CR2; Bell & McCaffrey 2002)."""
    basis = np.linalg.qr(at.slopes)[0]
    if sample.runs == len(at.residual):
        return np.asarray(at.residual / np.sqrt(np.maximum(1 - np.sum(basis**2, axis=1), 1 / sample.runs)))
    whole = np.empty_like(at.residual)
    order = np.argsort(sample.member, kind="stable")
    for rows in np.split(order, np.cumsum(np.bincount(sample.member))[:-1]):
        directions, shrunk, _ = np.linalg.svd(basis[rows], full_matrices=False)
        raised = 1 / np.sqrt(np.maximum(1 - shrunk**2, 1 / len(at.residual))) - 1
        whole[rows] = at.residual[rows] + directions @ (raised * (directions.T @ at.residual[rows]))
    return whole
