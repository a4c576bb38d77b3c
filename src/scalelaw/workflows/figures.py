"""The figures of a study, drawn: loss against compute with runs held out, iso-loss contours, residuals."""

from typing import TYPE_CHECKING

import numpy as np

from scalelaw.backtesting import windows
from scalelaw.core.errors import BadInput, ScalelawError
from scalelaw.core.forecaster import Forecaster
from scalelaw.fitting import FitResult, FitSpec, fit_observations
from scalelaw.runs import Observations

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_AHEAD = 10.0

Drawn = tuple[dict[str, "Figure"], dict[str, str]]
"""Name -> figure, and name -> why there is none."""

CAPTIONS = {
    "loss_vs_compute": "Above: runs, compute-optimal loss and the interval of a new run. Below: each run over its own "
    "forecast; what is coloured was not fitted.",
    "iso_loss": "Contours of equal loss over parameters and tokens, the runs, and the compute-optimal line.",
    "residuals": "Predicted over measured of each run, along what was chosen; a bend says that the form is wrong.",
}
"""Name of a figure -> what it shows."""


def draw(fitted: FitResult, observed: Observations, spec: FitSpec) -> Drawn:
    """Draw what the fit allows.

    Args:
        fitted: the fit to all rows.
        observed: the rows that may be fitted.
        spec: how fits are made.
    """
    from scalelaw.viz import iso_loss, loss_vs_compute, residuals

    usable = observed.complete(fitted.inputs)
    drawn = {"residuals": residuals.draw(residuals.residuals_info(fitted))}
    try:
        forecaster, train, held_out = _held_out(fitted, usable, spec)
        loss = loss_vs_compute.loss_vs_compute_info(forecaster, train, held_out, level=spec.level)
        contours = iso_loss.iso_loss_info(fitted, usable, level=spec.level)
    except BadInput as error:
        return drawn, {"loss_vs_compute, iso_loss": f"they need the law's compute-optimal line: {error}"}
    return {
        "loss_vs_compute": loss_vs_compute.draw(loss),
        "iso_loss": iso_loss.draw(contours),
        **drawn,
    }, {}


def _held_out(
    fitted: FitResult, usable: Observations, spec: FitSpec
) -> tuple[Forecaster, Observations, Observations | None]:
    """Return a fit to the runs below the cut whose reach is nearest to tenfold, those runs, and the dearer ones."""
    cuts = windows(usable, ["flops"])
    if not cuts:
        return fitted, usable, None
    shown = min(cuts, key=lambda cut: abs(np.log(cut.reach / _AHEAD)))
    try:
        return fit_observations(fitted.law, shown.train, spec), shown.train, shown.test
    except ScalelawError:
        return fitted, usable, None
