"""Scores of a forecast against what was then measured."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from scalelaw.core.forecaster import Prediction
from scalelaw.core.types import Array


@dataclass(frozen=True)
class Score:
    """How a forecast did over some runs.

    Attributes:
        mean_abs_rel_error: mean of |predicted - measured| / measured.
        bias: mean of (predicted - measured) / measured; positive is pessimistic.
        observed: share of runs inside the interval, None where there was none.
        interval_score: mean Winkler score over the measured value, None where there was no interval.
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

    Width of the interval, plus 2 / (1 - level) times the distance by which a measured value lies outside.
    """
    miss = np.maximum(lo - measured, 0) + np.maximum(measured - hi, 0)
    return (hi - lo) + 2 / (1 - level) * miss
