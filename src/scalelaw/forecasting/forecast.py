"""Forecasting: from the runs of a table to a mixture of laws whose interval holds on larger runs."""

from collections.abc import Sequence
from typing import Any

from scalelaw.accounting.flops import COUNTINGS
from scalelaw.core.errors import BadInput
from scalelaw.core.findings import enforce
from scalelaw.fitting.observe import observe_rows
from scalelaw.forecasting.calibration import Calibration, shipped
from scalelaw.forecasting.ensemble import Ensemble
from scalelaw.forecasting.members import fit_members
from scalelaw.runs.observations import Observations, Reduction
from scalelaw.runs.reducing.pooling import check_which_params
from scalelaw.runs.reducing.sweeps import SWEPT

DRAWS = 200
"""Draws of each law: enough for the spread of a forecast, which is all that is taken of them."""

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
) -> Ensemble:
    """Fit every law the runs allow and mix them into one forecaster with a calibrated interval.

    Args:
        runs: a table, anything ``load_runs`` reads, or rows already reduced.
        target: what to forecast, ``metric@eval_set``; may be left out where the table has one target.
        use: what of a table to use: ``endpoints`` (the default), the ``best`` of each swept cell, or all ``curves``.
        over: what was swept, for ``use="best"``.
        n: kind of N the laws take, where a table has several; ``params`` where it has that.
        calibration: what intervals rest on; the shipped one unless given.
        draws: draws of each law.
        seed: seed of the draws.

    Raises:
        BadInput: a bad argument, a target that is no loss, or a table that cannot be pooled.
        NeedsAnswer: only the user can know which target or rows are meant.
        FitFailed: no law could be fitted.

    Example:
        >>> import numpy as np
        >>> import scalelaw as sl
        >>> mixture = sl.forecast(sl.datasets.load("synthetic-ladder"))
        >>> ahead = mixture.predict({"params": np.array([1e10]), "tokens": np.array([2e11])})
        >>> bool(ahead.lo < ahead.mean < ahead.hi)
        True
    """
    return forecast_observations(
        observe_rows(runs, target, use, over), calibration=calibration or shipped(), n=n, draws=draws, seed=seed
    )


def forecast_observations(
    observed: Observations, *, calibration: Calibration, n: str | None = None, draws: int = DRAWS, seed: int = 0
) -> Ensemble:
    """Forecast from rows already reduced; see ``forecast``."""
    check_draws(draws)
    if observed.target.partition("@")[0] == "score":
        raise BadInput(
            f"{observed.target} is a share, which laws without a ceiling cannot forecast; forecast a loss, and chain "
            "the score to it"
        )
    usable = _known(observed.keep(observed.y > 0, f"{observed.target} is not positive"), n)
    if n is None:
        enforce(check_which_params(usable, ("params", "tokens")))
    members, left_out = fit_members(usable, draws, seed, n)
    return Ensemble(members, calibration, left_out, usable, seed)


def _known(observed: Observations, n: str | None) -> Observations:
    """Return the rows whose params and tokens are both known, where most are: every law shall see the same rows."""
    kinds = [n] if n is not None else [name for name in COUNTINGS if name in observed.columns]
    for kind in kinds:
        if kind in observed.columns and "tokens" in observed.columns:
            full = observed.complete([kind, "tokens"])
            if 2 * len(full) >= len(observed):
                return full
    return observed


def check_draws(draws: int) -> None:
    """Refuse too few draws of each law.

    Raises:
        BadInput: there are too few.
    """
    if draws < _FEWEST:
        raise BadInput(f"draws must be {_FEWEST} or more, since intervals rest on them, got {draws}; {DRAWS} is usual")
