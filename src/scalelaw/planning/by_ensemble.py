"""The ensemble's decision with and without published studies: the base of comparison for alternatives."""

from dataclasses import replace

import numpy as np

from scalelaw.core.errors import BadInput, ScalelawError
from scalelaw.core.numbers import counted
from scalelaw.forecasting.calibration import shipped
from scalelaw.forecasting.ensemble import Ensemble
from scalelaw.forecasting.forecast import DRAWS, forecast_observations
from scalelaw.planning.outcome import ChoiceOutcome
from scalelaw.planning.question import Prior
from scalelaw.planning.solve import plan
from scalelaw.runs.observations import Observations


def ensemble_outcomes(
    observed: Observations, budget: float, level: float, *, prior: Prior, seed: int, draws: int, cut: float | None
) -> list[ChoiceOutcome]:
    """Return the ensemble's decision under the requested prior, then under the other prior.

    Args:
        observed: the rows.
        budget: C in FLOP.
        level: probability of the intervals.
        prior: prior of the base: ``literature`` or ``none``.
        seed: seed of the draws.
        draws: draws of each law.
        cut: C in FLOP that separates fitted from held-out runs, or None.

    Raises:
        BadInput: no law could be fitted, or none splits a budget.
    """
    ensemble = forecast_observations(observed, calibration=shipped(), draws=draws or DRAWS, seed=seed)
    planned = plan(ensemble, flops=budget, level=level, prior=prior)
    if not ensemble.deciding:
        raise BadInput("no law of the ensemble splits a budget between params and tokens; name one with --law")
    error = _held_out(observed, ensemble, cut)
    ways: dict[Prior, str] = {"literature": "runs and published studies", "none": "runs only"}
    found = []
    for way in (prior, *(each for each in ways if each != prior)):
        own = planned if way == prior else plan(ensemble, flops=budget, level=level, prior=way)
        found.append(
            ChoiceOutcome(
                "base" if way == prior else "prior",
                f"ensemble of {counted(len(ensemble.members), 'law')}, {ways[way]}",
                len(ensemble.members[0].rows.y),
                own.params,
                own.tokens,
                own.tokens_per_param,
                own.loss,
                error,
            )
        )
    return found


def _held_out(observed: Observations, ensemble: Ensemble, cut: float | None) -> float | None:
    """Return the mean relative error on runs at or above the cut, of an ensemble fitted to those below."""
    if cut is None:
        return None
    usable = observed.complete([*ensemble.inputs, "flops"])
    compute = np.asarray(usable.columns["flops"], float)
    train, test = usable.rows(compute < cut), usable.rows(compute >= cut)
    try:
        below = forecast_observations(train, calibration=ensemble.calibration, n=ensemble.inputs[0], seed=ensemble.seed)
    except ScalelawError:
        return None
    forecast = below.predict(test.inputs(below.inputs)).mean
    return float(np.mean(np.abs(forecast / test.y - 1)))


def against(base: list[ChoiceOutcome], others: list[ChoiceOutcome]) -> list[ChoiceOutcome]:
    """Return the ensemble's outcomes, then the outcomes of one law; the law's base becomes an alternative."""
    first, *rest = others
    return [*base, replace(first, choice="law"), *rest]
