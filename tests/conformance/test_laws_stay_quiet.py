"""No law leaks a NumPy warning, however wild its draws; every warning is an error here.

Few rows with much noise send draws to where the formula overflows.
"""

import warnings

import numpy as np
import pytest

from scalelaw.core.errors import ScalelawError, ScalelawWarning
from scalelaw.fitting.fit import fit_observations
from scalelaw.fitting.solver.noise import Noise
from scalelaw.fitting.spec import FitSpec
from scalelaw.laws import Law
from scalelaw.planning.solve import plan
from scalelaw.runs.observations import Observations
from scalelaw.testing.law_checks import instances, plausible, points


def _noisy(law: Law, rows: int, sd: float, seed: int) -> Observations:
    rng = np.random.default_rng(seed)
    x = points(law, rows)
    y = law.predict(plausible(law), x) * np.exp(sd * rng.standard_normal(rows))
    return Observations(law.output, x, y, np.arange(rows), np.ones(rows), rows)


@pytest.mark.parametrize(("sd", "seed"), [(0.003, 1), (0.1, 2)])
@pytest.mark.parametrize("law", instances(), ids=lambda law: law.spelling)
def test_fit_forecast_and_plan_raise_no_numpy_warning(law: Law, sd: float, seed: int) -> None:
    observed = _noisy(law, len(law.coefs) + 6, sd, seed)
    noise = Noise("squared", on="log" if np.all(observed.y > 0) else "raw")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ScalelawWarning)
        try:
            fitted = fit_observations(law, observed, FitSpec(noise=noise, draws=60, starts=4))
        except ScalelawError:
            return
        assert str(fitted) and fitted.to_dict() and fitted.methods()
        far = {name: values if name in ("mixture", "eval_set", "family") else values * 100
               for name, values in points(law, 3).items()}  # fmt: skip
        for kind in ("mean", "new_run"):
            fitted.predict(far, kind=kind)  # type: ignore[arg-type]
        try:
            assert str(plan(fitted, flops=1e24))
        except ScalelawError:  # the law does not split a budget
            return
