"""Find outlying runs as a group, since outliers hide each other.

Outliers pull a fit to all runs towards themselves. They then look smaller and, removed one at a time, seem to matter
little. So fit the law to the three quarters of the rows it fits best (concentration steps of Rousseeuw and Van Driessen
1999), judge every run against that fit, refit to the runs without a flag, and repeat until the flags no longer change.

The procedure of Benjamini and Hochberg (1995) flags runs by the distance of their residual, in robust standard
deviations, under Student's t with three degrees of freedom, since losses have heavier tails than a Gaussian. With tails
that heavy, about one clean table in twenty gets a flag; with Gaussian tails, hardly any. About one flagged run in
twenty is expected to be sound.
"""

import math
from dataclasses import dataclass, replace

import numpy as np

from scalelaw.core.components import components
from scalelaw.core.nouns.brief import Brief
from scalelaw.core.types import AnyArray, Array
from scalelaw.fitting.solver.solve import Problem, solve

RATE = 0.05
"""Expected share of false flags among the flags, and of clean tables that get a flag."""
ROWS_PER_COEF = 3
"""Rows per coefficient needed to separate outliers from noise: one in ten clean tables of 12 rows got a flag."""

_CORE = 0.75
_SUBSETS, _PER_COEF = 32, 2
"""Number of random subsets: of ten-row subsets, one in ten is free of outliers if a fifth of the rows are outliers."""
_MOST_STEPS, _SETTLED = 10, 1e-3
_FAR = 1e4
_T3_MEDIAN = 0.7648923284
"""Median of |t| with three degrees of freedom."""


@dataclass(frozen=True, eq=False)
class OutlierFlags(Brief):
    """The flagged runs.

    Attributes:
        flagged: mask over ``np.unique(cluster)``, (m,).
        distance: largest residual of each run from the fit without the flagged runs, measured - predicted, in robust
            standard deviations, (m,).
        rate: the smallest share of false flags at which each run would be flagged, (m,).
    """

    flagged: AnyArray
    distance: Array
    rate: Array


def outlying(problem: Problem, u: Array, weight: Array, cluster: AnyArray, rate: float = RATE) -> OutlierFlags | None:
    """Find the outlying runs; None if the rows are too few to separate them from noise.

    Args:
        problem: law, rows and noise.
        u: coordinates of the optimum of all rows, (q,).
        weight: weights (n,); rows of weight zero are neither judged nor used.
        cluster: the run of each row, (n,).
        rate: the share of false flags to accept.
    """
    used = weight > 0
    if used.sum() < ROWS_PER_COEF * len(u):
        return None
    if problem.noise.kind != "huber":  # outliers pull squares the most; absolute residuals are slow to solve
        problem = replace(problem, noise=problem.noise.resistant)
    _, run = np.unique(cluster, return_inverse=True)
    u = _core(problem, u[None], weight, used)
    flagged = np.zeros(run.max() + 1, bool)
    seen: list[AnyArray] = []
    while True:
        found = _judged(problem, u, used, run, rate)
        again = [i for i, before in enumerate(seen) if np.array_equal(before, found.flagged)]
        if again:
            always = np.logical_and.reduce(seen[again[0] :])
            return replace(found, flagged=always)
        flagged = found.flagged
        seen.append(flagged)
        u = solve(problem, u, (weight * ~flagged[run])[None], warm=True).u


def _core(problem: Problem, u: Array, weight: Array, used: AnyArray) -> Array:
    """Return the fit (1, q) to the three quarters of the used rows that it fits best.

    Concentration steps lower the sum of the kept losses until it settles. They start from the fit to all rows and from
    fits to small subsets, some of which are free of outliers; the lowest sum wins.
    """
    size = math.ceil(_CORE * used.sum())
    subsets = _subsets(problem, used, _PER_COEF * u.shape[1])
    starts = solve(problem, np.tile(u, (len(subsets), 1)), weight * subsets).u
    u, total = np.vstack([u, starts]), np.full(len(subsets) + 1, np.inf)
    for _ in range(_MOST_STEPS):
        loss = np.where(used, problem.noise.loss(problem.residual(u)), np.inf)
        nearest = np.argsort(loss, axis=1, kind="stable")[:, :size]
        kept = np.zeros(loss.shape, bool)
        np.put_along_axis(kept, nearest, True, axis=1)
        before, total = total, np.take_along_axis(loss, nearest, axis=1).sum(axis=1)
        if not np.any(total < before * (1 - _SETTLED)):
            break
        u = solve(problem, u, weight * kept, warm=True).u
    return u[[np.argmin(np.where(np.isnan(total), np.inf, total))]]


def _subsets(problem: Problem, used: AnyArray, size: int) -> AnyArray:
    """Return small subsets of the used rows as masks (s, n), independent of the order of rows."""
    order = np.lexsort((problem.y, *components(problem.x).values()))
    order = order[used[order]]
    shuffled = np.random.default_rng(0).permuted(np.tile(order, (_SUBSETS, 1)), axis=1)
    masks = np.zeros((_SUBSETS, len(used)), bool)
    np.put_along_axis(masks, shuffled[:, :size], True, axis=1)
    return masks


def _judged(problem: Problem, u: Array, used: AnyArray, run: AnyArray, rate: float) -> OutlierFlags:
    """Return the runs whose largest residual is too far out, by Benjamini and Hochberg.

    The scale leaves out as many of the smallest residuals as there are coefficients, since a fit of least absolute
    residuals passes through that many rows.
    """
    residual = np.where(used, -problem.residual(u)[0], 0.0)
    size = np.abs(residual)
    scale = float(np.median(np.sort(size[used])[u.shape[1] :])) / _T3_MEDIAN
    distance = residual / scale if scale > 0 else np.where(size > 0, np.copysign(np.inf, residual), 0.0)
    rows = np.bincount(run, used)
    farthest = np.lexsort((-np.abs(distance), run))
    farthest = farthest[np.unique(run[farthest], return_index=True)[1]]
    p = np.minimum(1.0, np.maximum(rows, 1) * _beyond(np.abs(distance[farthest])))
    adjusted = _adjusted(p, rows > 0)
    return OutlierFlags(adjusted <= rate, distance[farthest], adjusted)


def _adjusted(p: Array, judged: AnyArray) -> Array:
    """Return the rate of false flags at which each run would just be flagged; one for runs not judged."""
    rate = np.ones(len(p))
    order = np.flatnonzero(judged)[np.argsort(p[judged], kind="stable")]
    steps = p[order] * len(order) / np.arange(1, len(order) + 1)
    rate[order] = np.minimum(1.0, np.minimum.accumulate(steps[::-1])[::-1])
    return rate


def _beyond(t: Array) -> Array:
    """Return the probability that |t| with three degrees of freedom is larger; far out, by a series."""
    z = t / math.sqrt(3)
    far = np.maximum(z, _FAR)
    near = np.minimum(z, _FAR)
    return np.asarray(
        np.where(z < _FAR, 2 / math.pi * (np.arctan2(1, near) - near / (1 + near**2)), 4 / (3 * math.pi) / far**3)
    )
