"""Every point of a profile is the fit with that number held there, whatever else was held, tied or bounded."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.stats import f

from scalelaw.fitting.fit import fit_observations
from scalelaw.fitting.result import FitResult
from scalelaw.fitting.solver.noise import Noise
from scalelaw.fitting.spec import FitSpec
from scalelaw.laws import get

SPEC = FitSpec(noise=Noise("squared"), draws=0, starts=8)
RESTRICTED: dict[str, dict[str, Any]] = {
    "nothing": {},
    "a bound that presses": {"bounds": {"beta": (0.42, 0.9)}},
    "a bound of its own": {"bounds": {"alpha": (0.3, 0.5), "E": (1.9, 2.5)}},
    "another is fixed": {"fixed": {"E": 1.75}},
    "two are tied": {"ties": {"B": "A"}},
}


def sum_of_squares(fit: FitResult) -> float:
    return float(np.sum(np.asarray(fit.residuals) ** 2))


@pytest.mark.parametrize("held", RESTRICTED)
def test_a_profile_is_the_fits_with_its_number_fixed(table: Any, held: str) -> None:
    """Under least squares the ratio is (S(value) - S) / s^2, its threshold the quantile of F(1, n - k)."""
    rows = table(noise=0.01, seed=2)
    spec = replace(SPEC, **RESTRICTED[held])
    fit = fit_observations(get("chinchilla"), rows, spec)
    profile = fit.profile("alpha", level=0.8)
    least, free = sum_of_squares(fit), len(fit.sample_of_rows.u)
    variance = least / (len(rows) - int(fit.sample_of_rows.moving.sum()))
    assert profile.lo is not None and profile.hi is not None
    others = {name: ends for name, ends in spec.bounds.items() if name != "alpha"}
    for value in (profile.lo, profile.hi):
        fixed = replace(spec, fixed={**spec.fixed, "alpha": float(value)}, bounds=others)
        ratio = (sum_of_squares(fit_observations(get("chinchilla"), rows, fixed)) - least) / variance
        assert ratio == pytest.approx(f.ppf(0.8, 1, len(rows) - free), rel=0.02)


def test_a_profiled_prediction_is_the_fit_that_must_pass_there(table: Any) -> None:
    """A row of overwhelming weight at the point, with its end of the interval for a loss, costs what the level says."""
    rows = table(noise=0.01, seed=3)
    rows = rows.rows(np.asarray(rows.columns["tokens"]) == 20 * np.asarray(rows.columns["params"]))
    fit = fit_observations(get("power"), rows, SPEC)
    profile = fit.profile(at={"flops": 1e24}, level=0.8)
    assert profile.lo is not None and profile.hi is not None and profile.lo < profile.best < profile.hi
    least, spare = sum_of_squares(fit), len(rows) - 3
    for value in (profile.lo, profile.hi):
        columns = {name: np.append(values, 1e24) for name, values in rows.columns.items()}
        heavy = replace(
            rows, columns=columns, y=np.append(rows.y, value), weight=np.append(rows.weight, 1e6),
            cluster=np.arange(len(rows) + 1),
        )  # fmt: skip
        through = fit_observations(get("power"), heavy, SPEC)
        residual = np.log(get("power").predict(through.coef, {"flops": rows.columns["flops"]}) / rows.y)
        assert (residual @ residual - least) / (least / spare) == pytest.approx(f.ppf(0.8, 1, spare), rel=0.02)
