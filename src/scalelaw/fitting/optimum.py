"""Find the best optimum of many starts, estimating threshold and scale of the noise if requested."""

from dataclasses import dataclass, replace

import numpy as np

from scalelaw.core.errors import FitFailed
from scalelaw.core.nouns.brief import Brief
from scalelaw.core.types import AnyArray, Array, Inputs
from scalelaw.fitting.solver.coordinates import Coordinates
from scalelaw.fitting.solver.noise import Noise
from scalelaw.fitting.solver.penalty import Prior
from scalelaw.fitting.solver.solve import Problem, Solution, solve
from scalelaw.fitting.solver.starts import projected_starts
from scalelaw.fitting.spec import FitSpec
from scalelaw.fitting.uncertainty.fitted_problem import FittedProblem, bulk_sd, numbered
from scalelaw.fitting.uncertainty.intervals import MANY_ROWS
from scalelaw.fitting.uncertainty.prior import spent
from scalelaw.fitting.uncertainty.prior_draws import with_prior
from scalelaw.fitting.uncertainty.residual_model import log_size
from scalelaw.fitting.uncertainty.variance import VarianceFunction, first_spread, next_spread
from scalelaw.laws import Law
from scalelaw.runs.observations import Observations
from scalelaw.runs.reducing.thinned import evenly

_ROUNDS = 3

_SAME = 1e-6
"""Relative difference of two objectives from which their optima are two."""


@dataclass(frozen=True, eq=False)
class Optimum(Brief):
    """The optima of all starts, and the problem at the best optimum.

    Attributes:
        sample: the problem at its best optimum.
        solution: the optimum of every start.
        best: index of the best start.
        spread: relative size of the noise of each row, or None if equal.
    """

    sample: FittedProblem
    solution: Solution
    best: int
    spread: VarianceFunction | None


def optimum(law: Law, rows: Observations, x: Inputs, spec: FitSpec, prior: Prior | None = None) -> Optimum:
    """Return the optimum of the rows, with the prior if there is one.

    With ``delta="auto"``, ``scale=`` or beta-binomial noise, fit least squares or the deviance first, then three times
    estimate threshold and scale from the residuals and refit. All starts then use the last estimate.

    Raises:
        FitFailed: no start reached a finite objective.
        BadInput: the rows lack the quantity that scales the noise.
    """
    coordinates = Coordinates(law, x, spec.restrictions)
    thinned = _thinned(law, rows, x, spec) if len(rows) > MANY_ROWS else None
    if thinned is None:
        starts = projected_starts(coordinates, x, rows.y, spec.starts)
    else:
        starts = coordinates.coordinates(thinned.coef[thinned.distinct])
    noise, spread = spec.noise, first_spread(spec.noise, rows, x)
    problem = _problem(coordinates, x, rows, noise, spread)
    member = numbered(rows.cluster)
    size = log_size(x, noise.scale if spread is not None and spread.gamma is not None else None)
    if noise.estimated:
        first = replace(problem, noise=noise.first)
        found = solve(first, starts, rows.weight)
        sample = FittedProblem(first, _best(law, found)[1], rows.weight, member, size)
        if noise.of_items:
            starts = found.u  # one variance alone changes the objective, so each start stays in its basin
        for _ in range(_ROUNDS):
            if spread is not None:
                spread = next_spread(noise, spread, sample.efficient, rows, x)
            tuned = _tuned(noise, sample, spread)
            problem = _problem(coordinates, x, rows, tuned, spread)
            u = solve(problem, sample.u[None], rows.weight, warm=True).u[0]
            sample = replace(sample, problem=problem, u=u)
    if prior is not None:
        problem = with_prior(problem, prior, starts, rows.weight, spent(spec, law, prior))
    solution = solve(problem, starts, rows.weight)
    if thinned is not None:
        solution = thinned.spread_over(solution, coordinates)
    best, u = _best(law, solution)
    return Optimum(FittedProblem(problem, u, rows.weight, member, size), solution, best, spread)


@dataclass(frozen=True)
class _Thinned:
    """Where the starts end on an even share of the rows.

    Attributes:
        coef: coefficients of every start, (p, k).
        objective: objective of every start, (p,).
        distinct: indices of the best optimum and of the best one that differs from it.
    """

    coef: Array
    objective: Array
    distinct: AnyArray

    def spread_over(self, solution: Solution, coordinates: Coordinates) -> Solution:
        """Return a solution for every start; a start that was not refitted to all rows gets a scaled objective."""
        best = int(self.distinct[0])
        u = coordinates.coordinates(self.coef)
        objective = solution.objective[0] * self.objective / self.objective[best]
        steps = np.zeros(len(u), int)
        u[self.distinct], objective[self.distinct] = solution.u, solution.objective
        steps[self.distinct] = solution.steps
        return Solution(u, objective, steps)


def _thinned(law: Law, rows: Observations, x: Inputs, spec: FitSpec) -> _Thinned:
    """Return where the starts end on ``MANY_ROWS`` rows, evenly spaced in the order of the target.

    The two best optima found are then refitted to all rows.
    """
    at = np.argsort(rows.y, kind="stable")[evenly(len(rows), MANY_ROWS)]
    kept = np.zeros(len(rows), bool)
    kept[at] = True
    found = optimum(law, rows.keep(kept, "thinned"), {name: values[kept] for name, values in x.items()}, spec)
    objective = found.solution.objective
    other = objective > objective[found.best] * (1 + _SAME)
    second = [int(np.argmin(np.where(other, objective, np.inf)))] if np.isfinite(objective[other]).any() else []
    coef = found.sample.problem.coordinates.coef(found.solution.u)
    return _Thinned(coef, objective, np.array([found.best, *second]))


def _problem(
    coordinates: Coordinates, x: Inputs, rows: Observations, noise: Noise, spread: VarianceFunction | None
) -> Problem:
    return Problem(coordinates, x, noise.scaled(rows.y), noise, None if spread is None else spread.relative)


def _tuned(noise: Noise, sample: FittedProblem, spread: VarianceFunction | None) -> Noise:
    """Return the noise with its threshold set by the bulk of the residuals, standardised by the new spread."""
    if noise.delta != "auto":
        return noise
    at, old = sample.linear, sample.problem.spread
    ratio = (1.0 if old is None else old) / (1.0 if spread is None else spread.relative)
    standardised = replace(at, residual=at.residual * ratio)
    return noise.tuned(max(bulk_sd(standardised), 1e-12))


def _best(law: Law, solution: Solution) -> tuple[int, Array]:
    best = int(np.argmin(solution.objective))
    if not np.isfinite(solution.objective[best]):
        raise FitFailed(f"no start gave {law.spelling} a finite objective on these rows; try bounds= or another law")
    return best, solution.u[best]
