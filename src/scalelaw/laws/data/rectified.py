"""Rectified law of fine-tuning, L(D) = E + B / (D_l + D^beta) (Lin et al. 2024)."""

from dataclasses import dataclass

import numpy as np

from scalelaw.core.types import AnyArray, Inputs
from scalelaw.laws._base import Coef, OfOneInput
from scalelaw.laws._math import power


@dataclass(frozen=True)
class Rectified(OfOneInput):
    """A power law that is flat at small D, where pretraining is worth D_l; ``input`` counts the fine-tuning data.

    Synthetic pretraining data follow the same form with ``input=tokens`` (SynthLLM, Qin et al. 2025).
    """

    input: str = "examples"

    formula = "L = E + B / (D_l + D^beta)"
    cite = "Lin et al. 2024, arXiv 2402.02314; of synthetic tokens: Qin et al. 2025, arXiv 2503.19551"
    traps = (
        "D_l counts D^beta, not D",
        "the loss before any fine-tuning is E + B / D_l: give D = 1e-10 rather than 0, whose logarithm is infinite",
    )

    @property
    def coefs(self) -> tuple[Coef, ...]:
        return (
            Coef("E", "irreducible loss", "nats/token", linear=True),
            Coef("B", f"loss from finite {self.input}", f"nats/token * {self.input}^beta", linear=True),
            Coef("D_l", f"{self.input}^beta that pretraining is worth", f"{self.input}^beta", starts=(0.1, 1e5),
                 log=True),
            Coef("beta", f"exponent of {self.input}", starts=(0.1, 1.5)),
        )  # fmt: skip

    def predict(self, coef: AnyArray, x: Inputs) -> AnyArray:
        """Evaluate the formula; see ``Law.predict``."""
        e, b, learned, beta = self.columns(coef)
        return np.asarray(e + b / (learned + power(x[self.input], beta)))


LAW = Rectified()
