"""What draws are made from: a problem at its optimum, and how its rows hang together.

The objective may be nearly a least absolute one, whose own residuals vanish at as many rows as there are
coefficients. So noise is read from an efficient fit (Huber at 1.345 standard deviations) started at the optimum.
"""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from scalelaw.core.nouns.brief import Brief
from scalelaw.core.types import AnyArray, Array
from scalelaw.fitting.solver.solve import Problem, solve

_EFFICIENT = 1.345


@dataclass(frozen=True, eq=False)
class Linear(Brief):
    """The law made linear at an optimum: residuals (n,) and their derivatives by the coordinates that move, (n, q)."""

    residual: Array
    slopes: Array

    @property
    def spare(self) -> int:
        """Rows beyond coordinates."""
        return int(len(self.residual) - self.slopes.shape[1])


@dataclass(frozen=True, eq=False)
class FittedProblem(Brief):
    """A fitted problem and how its rows hang together.

    Attributes:
        problem: what was fitted.
        u: coordinates of the optimum, (q,).
        weight: weights, (n,).
        member: number of the run of each row, runs numbered by their first row, (n,).
        size: logarithm of what the noise may vary with, (n,).
    """

    problem: Problem
    u: Array
    weight: Array
    member: AnyArray
    size: Array

    @property
    def runs(self) -> int:
        """How many runs there are."""
        return 1 + int(np.max(self.member))

    @property
    def moving(self) -> AnyArray:
        """Which coordinates do not rest on a bound, (q,)."""
        return np.asarray((self.u > self.problem.coordinates.low) & (self.u < self.problem.coordinates.high))

    @cached_property
    def linear(self) -> Linear:
        """The law made linear at the optimum."""
        with np.errstate(all="ignore"):
            state = self.problem.evaluate(self.u[None])
            slopes = (state.slopes[0] @ state.jacobian[0]).T
        return Linear(state.residual[0], slopes[:, self.moving])

    @cached_property
    def efficient(self) -> Linear:
        """The law made linear at an efficient fit: the optimum itself, unless its loss is nearly least absolute."""
        threshold = _EFFICIENT * bulk_sd(self.linear)
        if threshold <= 0 or self.problem.noise.threshold >= threshold:
            return self.linear
        gentle = replace(self.problem, noise=replace(self.problem.noise, kind="huber", delta=threshold))
        u = solve(gentle, self.u[None], self.weight, warm=True).u[0]
        return replace(self, problem=gentle, u=u).linear


def bulk_sd(at: Linear) -> float:
    """Return 1.4826 median |r| of all but the q residuals nearest zero, which a fit may have brought there."""
    away = np.sort(np.abs(at.residual))[at.slopes.shape[1] :]
    return 1.4826 * float(np.median(away)) if len(away) else 0.0


def numbered(cluster: AnyArray) -> AnyArray:
    """Return the number of the run of each row, runs numbered in order of their first row, (n,)."""
    _, first, member = np.unique(cluster, return_index=True, return_inverse=True)
    rank = np.empty(len(first), int)
    rank[np.argsort(first)] = np.arange(len(first))
    return np.asarray(rank[member])
