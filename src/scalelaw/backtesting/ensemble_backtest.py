"""Backtest the ensemble: refit it below each cut and score it on the larger runs above."""

import warnings
from functools import partial

import numpy as np

from scalelaw.backtesting.backtest import BASELINES, Backtest, Cut, Cuts
from scalelaw.backtesting.score import Score, score
from scalelaw.backtesting.windows import AXES, Window, WindowRules, windows
from scalelaw.core.errors import ScalelawError, ScalelawWarning
from scalelaw.fitting.spec import FitSpec
from scalelaw.forecasting.calibration import Calibration
from scalelaw.forecasting.ensemble import Ensemble
from scalelaw.forecasting.forecast import DRAWS, forecast_observations
from scalelaw.runs.observations import Observations
from scalelaw.runs.reducing.thinned import thinned


def backtest_ensemble(
    observed: Observations,
    *,
    calibration: Calibration,
    n: str | None = None,
    spec: FitSpec | None = None,
) -> Backtest:
    """Backtest the ensemble on every window of the rows, over compute if known; each cut is scored on first access.

    Args:
        observed: the rows.
        calibration: calibration of the intervals.
        n: kind of N the laws take.
        spec: its ``draws``, ``seed`` and ``level`` are used; at most 200 draws of each law.
    """
    spec = spec or FitSpec(draws=DRAWS)
    usable = thinned(observed.keep(observed.y > 0, f"{observed.target} is not positive"))
    found = windows(usable, ("flops",) if "flops" in usable.columns else AXES, WindowRules())
    score_one = partial(_scored, calibration=calibration, n=n, spec=spec)
    return Backtest(None, observed.target, Cuts(found, score_one), spec)


def _scored(window: Window, calibration: Calibration, n: str | None, spec: FitSpec) -> Cut:
    own, failed = None, ""
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore", ScalelawWarning)
            ensemble = forecast_observations(
                window.train, calibration=calibration, n=n, draws=min(spec.draws, DRAWS), seed=spec.seed
            )
            own = _own(ensemble, window, spec.level)
    except ScalelawError as error:
        failed = str(error)
    baselines = {name: _baseline(name, window, spec) for name in BASELINES}
    sizes = len(window.train), len(window.test)
    return Cut(window.axis, window.below, window.reach, *sizes, spec.level, own, baselines, failed)


def _own(ensemble: Ensemble, window: Window, level: float) -> Score:
    test = window.test
    needed = tuple(dict.fromkeys(name for member in ensemble.members for name in member.inputs))
    x = test.inputs([name for name in needed if name in test.columns])
    return score(ensemble.predict(x, level), test.y)


def _baseline(name: str, window: Window, spec: FitSpec) -> Score | None:
    try:
        return score(BASELINES[name](window, spec), window.test.y)
    except ScalelawError:
        return None
