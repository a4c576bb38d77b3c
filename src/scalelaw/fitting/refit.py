"""Rebuild the solver problem of a fit from its result, to solve it again under other weights."""

from dataclasses import replace
from typing import TYPE_CHECKING

from scalelaw.core.types import Array
from scalelaw.fitting.solver.solve import Problem
from scalelaw.fitting.uncertainty.prior import noise_of, penalty, prior_of, spent

if TYPE_CHECKING:
    from scalelaw.fitting.result import FitResult


def problem_of(fit: "FitResult") -> tuple[Problem, Array]:
    """Return the problem of a fit, and the coordinates (q,) of its optimum."""
    sample, spec = fit.sample_of_rows, fit.spec
    problem = sample.problem
    prior = prior_of(spec, fit.law)
    if prior is not None:
        scale, _ = noise_of(fit.residuals, problem.noise, problem.y, spent(spec, fit.law, prior))
        problem = replace(problem, penalty=penalty(prior, problem.noise, scale))
    return problem, sample.u
