"""The decision of the ensemble of laws, with published studies and without: the base of a comparison of choices."""

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
    """Return what the ensemble decides, the asked way first, then with the other prior.

    Args:
        observed: the rows.
        budget: C in FLOP.
        level: of the intervals.
        prior: whether published studies share in the base.
        seed: of the draws.
        draws: of each law.
        cut: compute below which runs are fitted for the held-out error, or None.

    Raises:
        BadInput: the rows make no ensemble, or it splits no budget.
    """
    mixture = forecast_observations(observed, calibration=shipped(), draws=draws or DRAWS, seed=seed)
    planned = plan(mixture, flops=budget, level=level, prior=prior)
    if not mixture.deciding:
        raise BadInput("no law of the ensemble splits a budget between params and tokens")
    error = _held_out(observed, mixture, cut)
    ways: dict[Prior, str] = {"literature": "runs and published studies", "none": "runs only"}
    found = []
    for way in (prior, *(each for each in ways if each != prior)):
        own = planned if way == prior else plan(mixture, flops=budget, level=level, prior=way)
        found.append(
            ChoiceOutcome(
                "base" if way == prior else "prior",
                f"ensemble of {counted(len(mixture.members), 'law')}, {ways[way]}",
                len(mixture.members[0].rows.y),
                own.params,
                own.tokens,
                own.tokens_per_param,
                own.loss,
                error,
            )
        )
    return found


def _held_out(observed: Observations, mixture: Ensemble, cut: float | None) -> float | None:
    """Return the mean error on the runs at or above the cut of the ensemble of those below."""
    if cut is None:
        return None
    usable = observed.complete([*mixture.inputs, "flops"])
    compute = np.asarray(usable.columns["flops"], float)
    train, test = usable.rows(compute < cut), usable.rows(compute >= cut)
    try:
        below = forecast_observations(train, calibration=mixture.calibration, n=mixture.inputs[0], seed=mixture.seed)
    except ScalelawError:
        return None
    forecast = below.predict(test.inputs(below.inputs)).mean
    return float(np.mean(np.abs(forecast / test.y - 1)))


def against(base: list[ChoiceOutcome], others: list[ChoiceOutcome]) -> list[ChoiceOutcome]:
    """Return the outcomes of an ensemble, then those of one law, whose own base is another law here."""
    first, *rest = others
    return [*base, replace(first, choice="law"), *rest]
