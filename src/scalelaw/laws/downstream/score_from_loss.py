"""Average score from loss, score = 1 - epsilon + k exp(-gamma L): the error of Gadre et al. 2024 as a score."""

from dataclasses import dataclass

import numpy as np

from scalelaw.core.types import AnyArray, Inputs
from scalelaw.laws.downstream.error_from_loss import ErrorFromLoss


@dataclass(frozen=True)
class ScoreFromLoss(ErrorFromLoss):
    """One minus ``error_from_loss``, with the same coefficients; of loss, or of bits per byte (``input=bpb``)."""

    formula = "score = 1 - epsilon + k exp(-gamma L)"
    output = "score"
    may_rise = ()

    def predict(self, coef: AnyArray, x: Inputs) -> AnyArray:
        """Evaluate the formula; see ``Law.predict``."""
        return np.asarray(1 - ErrorFromLoss.predict(self, coef, x))


LAW = ScoreFromLoss()
