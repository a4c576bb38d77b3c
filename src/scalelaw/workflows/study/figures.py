"""Draw the figures of a study: loss against compute with held-out runs, iso-loss contours, residuals."""

from typing import TYPE_CHECKING

import numpy as np

from scalelaw.backtesting.windows import windows
from scalelaw.core.errors import BadInput, ScalelawError
from scalelaw.core.forecaster import Forecaster
from scalelaw.fitting.fit import fit_observations
from scalelaw.fitting.result import FitResult
from scalelaw.forecasting.ensemble import Ensemble
from scalelaw.forecasting.forecast import forecast_observations
from scalelaw.runs.observations import Observations
from scalelaw.workflows.study.decide import Decided

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_AHEAD = 10.0

Drawn = tuple[dict[str, "Figure"], dict[str, str]]
"""Name -> figure, and name -> why it is missing."""

CAPTIONS = {
    "loss_vs_compute": "Above: runs, compute-optimal loss and the interval of a new run. Below: each run over its "
    "forecast; coloured runs were not fitted.",
    "iso_loss": "Contours of equal loss over parameters and tokens, the runs, the compute-optimal line, "
    "and the recommended run.",
    "residuals": "Predicted over measured loss of each run; a bend means that the form does not fit.",
}
"""Name of a figure -> caption."""


def draw(decided: Decided, fitted: FitResult) -> Drawn:
    """Draw the figures that the forecaster allows, with the recommended run marked.

    Args:
        decided: the decision.
        fitted: one law fitted to all rows, for the residuals.
    """
    from scalelaw.viz import iso_loss, loss_vs_compute, residuals

    level = decided.spec.level
    drawn = {"residuals": residuals.draw(residuals.residuals_info(fitted))}
    try:
        usable = decided.observed.complete(decided.planner.inputs)
        forecaster, train, held_out = _held_out(decided, usable)
        loss = loss_vs_compute.loss_vs_compute_info(forecaster, train, held_out, level=level, planned=decided.plan)
        contours = iso_loss.iso_loss_info(decided.planner, usable, level=level, planned=decided.plan)
    except BadInput as error:
        return drawn, {"loss_vs_compute, iso_loss": f"they need a compute-optimal line: {error}"}
    return {
        "loss_vs_compute": loss_vs_compute.draw(loss),
        "iso_loss": iso_loss.draw(contours),
        **drawn,
    }, {}


def _held_out(decided: Decided, usable: Observations) -> tuple[Forecaster, Observations, Observations | None]:
    """Return a forecaster fitted below the cut with a reach nearest to tenfold, and the fitted and held-out rows."""
    cuts = windows(usable, ["flops"])
    if not cuts:
        return decided.planner, usable, None
    shown = min(cuts, key=lambda cut: abs(np.log(cut.reach / _AHEAD)))
    made = decided.forecaster
    try:
        if isinstance(made, Ensemble):
            n = made.counting.params if made.counting else None
            part: Forecaster = forecast_observations(shown.train, calibration=made.calibration, n=n, seed=made.seed)
        else:
            fitted = fit_observations(made.law, shown.train, decided.spec)
            part = fitted.at(**decided.held.values) if decided.held else fitted
    except ScalelawError:
        return decided.planner, usable, None
    return part, shown.train, shown.test
