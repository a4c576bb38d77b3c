"""Score a forecast against measured values."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from scalelaw.core.forecaster import Prediction
from scalelaw.core.types import Array


@dataclass(frozen=True)
class Score:
    """Scores of a forecast over some runs.

    Attributes:
        mean_abs_rel_error: mean of |predicted - measured| / measured.
        bias: mean of (predicted - measured) / measured; positive means the forecast was too high.
        observed: share of runs inside the interval; None without an interval.
        interval_score: mean of the Winkler score over the measured value; None without an interval.
    """

    mean_abs_rel_error: float
    bias: float
    observed: float | None
    interval_score: float | None

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return asdict(self)


def score(prediction: Prediction, measured: Array) -> Score:
    """Score a prediction of n runs against their measured values (n,)."""
    relative = (prediction.mean - measured) / measured
    observed = penalised = None
    if prediction.lo is not None and prediction.hi is not None:
        observed = float(np.mean((measured >= prediction.lo) & (measured <= prediction.hi)))
        penalised = float(np.mean(winkler(prediction.lo, prediction.hi, measured, prediction.level) / measured))
    return Score(float(np.mean(np.abs(relative))), float(np.mean(relative)), observed, penalised)


def winkler(lo: Array, hi: Array, measured: Array, level: float) -> Array:
    """Return the interval score (Winkler 1972; Gneiting & Raftery 2007, eq. 43), shape (n,).

    The score is the width of the interval plus 2 / (1 - level) times the distance of the measured value outside it.
    """
    miss = np.maximum(lo - measured, 0) + np.maximum(measured - hi, 0)
    return (hi - lo) + 2 / (1 - level) * miss
