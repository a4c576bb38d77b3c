"""Breaks: a smoothly broken power law on four-digit addition, extrapolated beyond its break."""

from pathlib import Path

import numpy as np

from scalelaw.fitting.fit import fit_observations
from scalelaw.fitting.result import FitResult
from scalelaw.fitting.solver.noise import Noise
from scalelaw.fitting.spec import FitSpec
from scalelaw.laws import get
from scalelaw.workflows.reproductions._figure import Figure, columns, observations

_CABALLERO = "an independent refit of Caballero et al. 2023, arXiv 2210.14891"
_DATA = "bnsl_addition"
_FITTED = 14
_SPEC = FitSpec(noise=Noise("squared"), draws=0, starts=200)


def addition(folder: Path) -> tuple[FitResult, float, float]:
    """Return the fit to 14 data sizes, and the RMS errors of ln(y + 1) on these and on the last three."""
    table = columns(folder / _DATA / "bnsl_4digit_addition.csv")
    x, y = (np.asarray(table[name], float) for name in ("dataset_size", "test_loss"))
    rows = observations({"examples_seen": x[:_FITTED]}, y[:_FITTED])
    fit = fit_observations(get("bnsl", input="examples_seen"), rows, _SPEC)
    miss = (np.log1p(fit.law.predict(fit.coef, {"examples_seen": x})) - np.log1p(y)) ** 2
    return fit, float(np.sqrt(miss[:_FITTED].mean())), float(np.sqrt(miss[_FITTED:].mean()))


FIGURES = (
    Figure("addition-fitted", "error of ln(y + 1) on 14 sizes, addition", 5.98e-4,
           lambda folder: addition(folder)[1], 5e-7, _CABALLERO, _DATA, "below", "more starts find a lower optimum"),
    Figure("addition-extrapolated", "error of ln(y + 1) on three larger sizes, addition", 1.09e-2,
           lambda folder: addition(folder)[2], 5e-5, _CABALLERO, _DATA, "below", "more starts find a lower optimum"),
)  # fmt: skip
