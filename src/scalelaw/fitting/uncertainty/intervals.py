"""Draw coefficients by the method that the spec names."""

import numpy as np

from scalelaw.core.errors import BadInput
from scalelaw.core.types import Array, Inputs
from scalelaw.fitting.spec import FitSpec, Intervals
from scalelaw.fitting.uncertainty.bootstrap import bootstrap, resampled_weights
from scalelaw.fitting.uncertainty.fitted_problem import FittedProblem
from scalelaw.fitting.uncertainty.laplace import laplace, sandwich
from scalelaw.fitting.uncertainty.wild import wild
from scalelaw.runs.reducing.thinned import evenly

MANY_RUNS = 100
"""``auto`` uses the bootstrap from this many runs on; with fewer it undercovers (docs/coverage.md)."""

_SAID = {
    "cluster": "{draws} bootstrap refits over {units}",
    "pairs": "{draws} bootstrap refits over rows",
    "wild": "{draws} wild bootstrap refits over {units}",
    "laplace": "{draws} draws around the optimum (Laplace), noise modelled over {units}",
    "sandwich": "{draws} draws around the optimum by the scores of {units} (CR3)",
}


MANY_ROWS = 10_000
"""With more rows starts run on this many (``optimum``), and ``auto`` draws by the scores of the runs, which is what the
bootstrap tends to, without refits."""


def method(spec: FitSpec, runs: int, rows: int) -> Intervals:
    """Return the method of drawing; ``auto`` chooses by the numbers of runs and rows."""
    if spec.intervals != "auto":
        return spec.intervals
    if runs < MANY_RUNS:
        return "laplace"
    return "cluster" if rows <= MANY_ROWS else "sandwich"


def described(spec: FitSpec, draws: int, runs: int, rows: int) -> str:
    """Describe the number and method of the draws in words."""
    return _SAID[method(spec, runs, rows)].format(draws=draws, units=units(runs, rows))


def units(runs: int, rows: int) -> str:
    """Return the resampled unit in words: rows, or the rows of a run together."""
    return "clusters of a run" if runs < rows else "rows"


def drawn(sample: FittedProblem, spec: FitSpec) -> Array | None:
    """Return draws of the coefficients (b, k), or None.

    None means that no draws were requested, rows do not outnumber coefficients, or the derivatives overflow.

    Raises:
        BadInput: a wild bootstrap was requested for binomial scores.
    """
    if not spec.draws or len(sample.weight) <= len(sample.u):
        return None
    if not np.all(np.isfinite(sample.linear.slopes)):  # derivatives overflow
        return None
    how, coordinates = method(spec, sample.runs, len(sample.weight)), sample.problem.coordinates
    if how in ("cluster", "pairs"):
        member = sample.member if how == "cluster" else np.arange(len(sample.member))
        weights = resampled_weights(member, sample.weight, spec.draws, spec.seed)
        draws = bootstrap(sample.problem, sample.u, weights)
    else:
        if how == "wild" and sample.problem.noise.counts:
            raise BadInput(
                "the wild bootstrap flips residual signs, which does not work for binomial scores; use "
                "intervals='laplace' (CLI: --intervals laplace)"
            )
        u = {"wild": wild, "laplace": laplace, "sandwich": sandwich}[how](sample, spec.draws, spec.seed)
        coef = coordinates.coef(u)
        with np.errstate(all="ignore"):
            predicted = np.asarray(coordinates.law.predict(coef, _spaced(sample.problem.x, len(sample.weight))))
        draws = coef[np.isfinite(coef).all(axis=1) & np.isfinite(predicted).all(axis=1)]
    return draws if len(draws) > 1 else None


def _spaced(x: Inputs, rows: int) -> Inputs:
    """Return the inputs, at ``MANY_ROWS`` evenly spaced rows where there are more: draws must be finite at these."""
    if rows <= MANY_ROWS:
        return x
    at = evenly(rows, MANY_ROWS)
    return {name: np.asarray(values)[at] for name, values in x.items()}
