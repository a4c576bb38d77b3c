"""Score as a straight line in the loss, score = a - b L: the second stage of a two-stage forecast."""

from dataclasses import dataclass

import numpy as np

from scalelaw.core.quantities import quantity
from scalelaw.core.types import AnyArray, Inputs
from scalelaw.laws._base import Coef, OfOneInput


@dataclass(frozen=True)
class ScoreLinear(OfOneInput):
    """A line that falls with the loss, or with bits per byte (``input=bpb``)."""

    input: str = "loss"

    formula = "score = a - b L"
    cite = "Krajewski et al. 2025, arXiv 2512.08894, two-stage baseline"
    output = "score"
    traps = ("it has no chance level and no ceiling: beyond the fitted losses it leaves the range of scores",)

    @property
    def coefs(self) -> tuple[Coef, ...]:
        return (
            Coef("a", f"score at a {self.input} of zero", linear=True),
            Coef("b", f"fall of the score with {self.input}", f"1/({quantity(self.input).unit})", linear=True),
        )

    def predict(self, coef: AnyArray, x: Inputs) -> AnyArray:
        """Evaluate the formula; see ``Law.predict``."""
        a, b = self.columns(coef)
        return np.asarray(a - b * x[self.input])


LAW = ScoreLinear()
