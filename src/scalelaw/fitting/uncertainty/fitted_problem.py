"""A problem at its optimum with the runs of its rows, from which draws are made.

A nearly least-absolute objective has zero residuals at as many rows as there are coefficients. So the noise is
estimated from an efficient fit (Huber at 1.345 standard deviations) started at the optimum.
"""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from scalelaw.core.nouns.brief import Brief
from scalelaw.core.types import AnyArray, Array
from scalelaw.fitting.solver.solve import Problem, solve

_EFFICIENT = 1.345


@dataclass(frozen=True, eq=False)
class LinearisedFit(Brief):
    """The law linearised at an optimum: residuals (n,) and their derivatives by coordinates off the bounds, (n, q)."""

    residual: Array
    slopes: Array

    @property
    def spare(self) -> int:
        """Number of rows less number of coordinates."""
        return int(len(self.residual) - self.slopes.shape[1])


@dataclass(frozen=True, eq=False)
class FittedProblem(Brief):
    """A fitted problem, and the run of each of its rows.

    Attributes:
        problem: the problem.
        u: coordinates of the optimum, (q,).
        weight: weights, (n,).
        member: number of the run of each row, runs numbered by their first row, (n,).
        size: logarithm of the quantity that may scale the noise, (n,).
    """

    problem: Problem
    u: Array
    weight: Array
    member: AnyArray
    size: Array

    @property
    def runs(self) -> int:
        """Number of runs."""
        return 1 + int(np.max(self.member))

    @property
    def moving(self) -> AnyArray:
        """Mask of coordinates that are not at a bound, (q,)."""
        return np.asarray((self.u > self.problem.coordinates.low) & (self.u < self.problem.coordinates.high))

    @cached_property
    def linear(self) -> LinearisedFit:
        """The law linearised at the optimum."""
        with np.errstate(all="ignore"):
            state = self.problem.evaluate(self.u[None])
            slopes = (state.slopes[0] @ state.jacobian[0]).T
        return LinearisedFit(state.residual[0], slopes[:, self.moving])

    @cached_property
    def efficient(self) -> LinearisedFit:
        """The law linearised at an efficient fit: the optimum itself, unless its loss is nearly least absolute."""
        threshold = _EFFICIENT * bulk_sd(self.linear)
        if threshold <= 0 or self.problem.noise.threshold >= threshold:
            return self.linear
        gentle = replace(self.problem, noise=replace(self.problem.noise, kind="huber", delta=threshold))
        u = solve(gentle, self.u[None], self.weight, warm=True).u[0]
        return replace(self, problem=gentle, u=u).linear


def bulk_sd(at: LinearisedFit) -> float:
    """Return 1.4826 median |r|, leaving out the q residuals nearest zero, which the fit may have made small."""
    away = np.sort(np.abs(at.residual))[at.slopes.shape[1] :]
    return 1.4826 * float(np.median(away)) if len(away) else 0.0


def numbered(cluster: AnyArray) -> AnyArray:
    """Return the run number of each row, runs numbered in order of their first row, (n,)."""
    _, first, member = np.unique(cluster, return_index=True, return_inverse=True)
    rank = np.empty(len(first), int)
    rank[np.argsort(first)] = np.arange(len(first))
    return np.asarray(rank[member])
