"""What draws are made from: a problem at its optimum, its rows in an order that does not depend on the file's."""

from dataclasses import dataclass

import numpy as np

from scalelaw.core.types import AnyArray, Array
from scalelaw.fitting.solve import Problem


@dataclass(frozen=True, eq=False)
class Sample:
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
        return int(np.max(self.member)) + 1

    @property
    def moving(self) -> AnyArray:
        """Which coordinates do not rest on a bound, (q,)."""
        return np.asarray((self.u > self.problem.coordinates.low) & (self.u < self.problem.coordinates.high))


@dataclass(frozen=True, eq=False)
class Linear:
    """The law made linear at an optimum: residuals (n,) and their derivatives by the coordinates that move, (n, q)."""

    residual: Array
    slopes: Array

    @property
    def spare(self) -> int:
        """Rows beyond coordinates."""
        return len(self.residual) - self.slopes.shape[1]


def linearised(sample: Sample) -> Linear:
    """Return the law made linear at the coordinates of a sample."""
    with np.errstate(all="ignore"):
        state = sample.problem.evaluate(sample.u[None])
    return Linear(state.residual[0], (state.slopes[0] @ state.jacobian[0]).T[:, sample.moving])


def numbered(cluster: AnyArray) -> AnyArray:
    """Return the number of the run of each row, runs numbered in order of their first row, (n,)."""
    _, first, member = np.unique(cluster, return_index=True, return_inverse=True)
    rank = np.empty(len(first), int)
    rank[np.argsort(first)] = np.arange(len(first))
    return np.asarray(rank[member])
