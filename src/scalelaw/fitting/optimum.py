"""Find the best optimum of many starts, estimating threshold and scale of the noise if requested."""

from dataclasses import dataclass, replace

import numpy as np

from scalelaw.core.errors import FitFailed
from scalelaw.core.nouns.brief import Brief
from scalelaw.core.types import Array, Inputs
from scalelaw.fitting.solver.coordinates import Coordinates
from scalelaw.fitting.solver.noise import Noise
from scalelaw.fitting.solver.penalty import Prior
from scalelaw.fitting.solver.solve import Problem, Solution, solve
from scalelaw.fitting.solver.starts import projected_starts
from scalelaw.fitting.spec import FitSpec
from scalelaw.fitting.uncertainty.fitted_problem import FittedProblem, bulk_sd, numbered
from scalelaw.fitting.uncertainty.prior import spent
from scalelaw.fitting.uncertainty.prior_draws import with_prior
from scalelaw.fitting.uncertainty.residual_model import log_size
from scalelaw.fitting.uncertainty.variance import VarianceFunction, first_spread, next_spread
from scalelaw.laws import Law
from scalelaw.runs.observations import Observations

_ROUNDS = 3


@dataclass(frozen=True, eq=False)
class Optimum(Brief):
    """The optima of all starts, and the problem at the best of them.

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

    With ``delta="auto"`` or ``scale=``, fit least squares first, then three times estimate threshold and scale from the
    residuals and refit. All starts then use the last estimate.

    Raises:
        FitFailed: no start reached a finite objective.
        BadInput: the rows lack the quantity that scales the noise.
    """
    coordinates = Coordinates(law, x, spec.restrictions)
    starts = projected_starts(coordinates, x, rows.y, spec.starts)
    noise, spread = spec.noise, first_spread(spec.noise, rows, x)
    problem = _problem(coordinates, x, rows, noise, spread)
    member = numbered(rows.cluster)
    size = log_size(x, noise.scale if spread is not None and spread.gamma is not None else None)
    if (noise.kind == "huber" and noise.delta == "auto") or noise.scale is not None:
        first = replace(problem, noise=replace(noise, kind="squared"))
        sample = FittedProblem(first, _best(law, solve(first, starts, rows.weight))[1], rows.weight, member, size)
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
    best, u = _best(law, solution)
    return Optimum(FittedProblem(problem, u, rows.weight, member, size), solution, best, spread)


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
