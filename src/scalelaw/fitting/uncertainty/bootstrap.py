"""Bootstrap: draw rows or whole runs with replacement and refit every resample from the optimum."""

import numpy as np

from scalelaw.core.types import AnyArray, Array
from scalelaw.fitting.solver.solve import Problem, solve


def resampled_weights(cluster: AnyArray, weight: Array, draws: int, seed: int) -> Array:
    """Return the weight of every row in every resample, shape (draws, n).

    Each resample of k clusters draws k, with replacement, and takes all rows of a drawn cluster. With
    one row per cluster this is the pairs bootstrap.

    Args:
        cluster: the run of each row, (n,).
        weight: weight of each row, (n,).
        draws: number of resamples.
        seed: seed of the generator.
    """
    _, member = np.unique(cluster, return_inverse=True)
    count = int(member.max()) + 1
    times = np.random.default_rng(seed).multinomial(count, np.full(count, 1 / count), size=draws)
    return times[:, member] * weight


def bootstrap(problem: Problem, u: Array, weights: Array) -> Array:
    """Refit from one optimum under many weightings.

    Args:
        problem: law, rows and noise.
        u: coordinates of the optimum (q,).
        weights: weights (draws, n).

    Returns:
        Coefficients (b, k), b <= draws. Resamples with fewer distinct rows than coordinates, or without a finite
        optimum, are dropped.
    """
    weights = weights[(weights > 0).sum(axis=1) >= len(u)]
    solution = solve(problem, np.tile(u, (len(weights), 1)), weights, warm=True)
    coef = problem.coordinates.coef(solution.u)
    return coef[np.isfinite(solution.objective) & np.isfinite(coef).all(axis=1)]
