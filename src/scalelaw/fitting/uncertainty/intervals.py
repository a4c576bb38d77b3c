"""The ways to draw coefficients, by the name a spec gives them."""

import numpy as np

from scalelaw.core.errors import BadInput
from scalelaw.core.types import Array
from scalelaw.fitting.spec import FitSpec, Intervals
from scalelaw.fitting.uncertainty.bootstrap import bootstrap, resampled_weights
from scalelaw.fitting.uncertainty.fitted_problem import FittedProblem
from scalelaw.fitting.uncertainty.laplace import laplace, sandwich
from scalelaw.fitting.uncertainty.wild import wild

MANY_RUNS = 100
"""Runs from which ``auto`` trusts the bootstrap; with fewer it undercovers (docs/coverage.md)."""

_SAID = {
    "cluster": "{draws} bootstrap refits over {units}",
    "pairs": "{draws} bootstrap refits over rows",
    "wild": "{draws} wild bootstrap refits over {units}",
    "laplace": "{draws} draws around the optimum (Laplace), noise modelled over {units}",
    "sandwich": "{draws} draws around the optimum by the scores of {units} (CR3)",
}


def method(spec: FitSpec, runs: int) -> Intervals:
    """Return the way draws are made; ``auto`` decides by the number of runs."""
    if spec.intervals != "auto":
        return spec.intervals
    return "cluster" if runs >= MANY_RUNS else "laplace"


def described(spec: FitSpec, draws: int, runs: int, rows: int) -> str:
    """Return how many draws were made and how, in words."""
    return _SAID[method(spec, runs)].format(draws=draws, units=units(runs, rows))


def units(runs: int, rows: int) -> str:
    """Return what is drawn, or moved together: rows, or the rows of a run."""
    return "clusters of a run" if runs < rows else "rows"


def drawn(sample: FittedProblem, spec: FitSpec) -> Array | None:
    """Return draws of the coefficients (b, k), or None: none asked for, no row to spare, or an optimum that overflows.

    Raises:
        BadInput: a wild bootstrap of shares, which have no residuals to turn round.
    """
    if not spec.draws or len(sample.weight) <= len(sample.u):
        return None
    if not np.all(np.isfinite(sample.linear.slopes)):  # the optimum is at the edge of what numbers hold
        return None
    how, coordinates = method(spec, sample.runs), sample.problem.coordinates
    if how in ("cluster", "pairs"):
        member = sample.member if how == "cluster" else np.arange(len(sample.member))
        weights = resampled_weights(member, sample.weight, spec.draws, spec.seed)
        draws = bootstrap(sample.problem, sample.u, weights)
    else:
        if how == "wild" and sample.problem.noise.kind == "binomial":
            raise BadInput("a wild bootstrap turns residuals round, and shares have no such; use intervals='laplace'")
        u = {"wild": wild, "laplace": laplace, "sandwich": sandwich}[how](sample, spec.draws, spec.seed)
        coef = coordinates.coef(u)
        with np.errstate(all="ignore"):
            predicted = np.asarray(coordinates.law.predict(coef, sample.problem.x))
        draws = coef[np.isfinite(coef).all(axis=1) & np.isfinite(predicted).all(axis=1)]
    return draws if len(draws) > 1 else None
