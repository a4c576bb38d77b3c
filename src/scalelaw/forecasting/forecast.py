"""Forecast larger runs from a table: fit the ensemble of laws and calibrate its interval."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Unpack

from scalelaw.accounting.flops import COUNTINGS
from scalelaw.core.errors import BadInput
from scalelaw.core.findings import enforce
from scalelaw.fitting.observe import observe_rows
from scalelaw.forecasting.calibration import Calibration, shipped
from scalelaw.forecasting.ensemble import Ensemble
from scalelaw.forecasting.members import fit_members
from scalelaw.forecasting.score_options import ScoreOptions, check_options, is_score
from scalelaw.runs.observations import Observations, Reduction
from scalelaw.runs.reading.load import load_runs
from scalelaw.runs.reducing.pooling import check_which_params
from scalelaw.runs.reducing.sweeps import SWEPT
from scalelaw.runs.reducing.thinned import thinned
from scalelaw.runs.table import RunTable

if TYPE_CHECKING:
    from scalelaw.forecasting.score_ensemble import ScoreEnsemble

DRAWS = 200
"""Draws of each law: enough for the spread of a forecast, their only use."""

_FEWEST = 10


def forecast(
    runs: Any,
    *,
    target: str | None = None,
    use: Reduction | None = None,
    over: Sequence[str] = SWEPT,
    n: str | None = None,
    calibration: Calibration | None = None,
    draws: int = DRAWS,
    seed: int = 0,
    **score: Unpack[ScoreOptions],
) -> "Ensemble | ScoreEnsemble":
    """Fit every law the runs allow and combine them into one forecaster with a calibrated interval.

    A score is forecast by laws of sizes, of compute and of the loss; see ``forecast_score``.

    Args:
        runs: a table, anything ``load_runs`` reads, or rows already reduced.
        target: ``metric@eval_set`` to forecast; optional if the table has one target.
        use: rows to use: ``endpoints`` (the default), the ``best`` run of each sweep, or all points of ``curves``.
        over: swept columns, for ``use="best"``.
        n: kind of N the laws take, if the table has several; ``params`` by default.
        calibration: calibration of the intervals; the shipped one by default.
        draws: draws of each law.
        seed: seed of the draws.
        **score: ``loss`` and ``chance`` of a score, see ``forecast_score``.

    Raises:
        BadInput: a bad argument, a score at chance, or a table that cannot be pooled.
        NeedsAnswer: the target or the rows to use are ambiguous.
        FitFailed: no law could be fitted.

    Example:
        >>> import numpy as np
        >>> import scalelaw as sl
        >>> ensemble = sl.forecast(sl.datasets.load("synthetic-ladder"))
        >>> larger = ensemble.predict({"params": np.array([1e10]), "tokens": np.array([2e11])})
        >>> bool(larger.lo < larger.mean < larger.hi)
        True
    """
    check_draws(draws)
    table = runs if isinstance(runs, Observations | RunTable) else load_runs(runs)
    if is_score(table, target):
        from scalelaw.forecasting.score_forecast import forecast_score

        return forecast_score(table, target=target, use=use, over=over, n=n, calibration=calibration, draws=draws,
                              seed=seed, **score)  # fmt: skip
    check_options(score)
    observed = observe_rows(table, target, use, over)
    for name in score:
        raise BadInput(f"{name}= applies to the forecast of a score; {observed.target} is a loss, so leave it out")
    return forecast_observations(observed, calibration=calibration or shipped(), n=n, draws=draws, seed=seed)


def forecast_observations(
    observed: Observations, *, calibration: Calibration, n: str | None = None, draws: int = DRAWS, seed: int = 0
) -> Ensemble:
    """Forecast from reduced rows; see ``forecast``."""
    check_draws(draws)
    if observed.target.partition("@")[0] == "score":
        raise BadInput(
            f"{observed.target} is a score, which this command cannot take; forecast it with "
            f"`scalelaw forecast --target {observed.target}`"
        )
    usable = thinned(_known(observed.keep(observed.y > 0, f"{observed.target} is not positive"), n))
    if n is None:
        enforce(check_which_params(usable, ("params", "tokens")))
    members, left_out = fit_members(usable, draws, seed, n)
    return Ensemble(members, calibration, left_out, usable, seed)


def _known(observed: Observations, n: str | None) -> Observations:
    """Return the rows with known params and tokens, if most have both, so that every law is fitted to the same rows."""
    kinds = [n] if n is not None else [name for name in COUNTINGS if name in observed.columns]
    for kind in kinds:
        if kind in observed.columns and "tokens" in observed.columns:
            full = observed.complete([kind, "tokens"])
            if 2 * len(full) >= len(observed):
                return full
    return observed


def check_draws(draws: int) -> None:
    """Check the number of draws of each law.

    Raises:
        BadInput: fewer than ten.
    """
    if draws < _FEWEST:
        raise BadInput(f"draws must be {_FEWEST} or more, got {draws}; intervals need them, and {DRAWS} is usual")
