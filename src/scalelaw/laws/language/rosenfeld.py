"""Rosenfeld's error law: two powers over a floor, bounded by the error of guessing."""

from dataclasses import dataclass

import numpy as np

from scalelaw.core.types import AnyArray, Inputs
from scalelaw.laws._base import Coef, OfParamsAndTokens
from scalelaw.laws._math import power


@dataclass(frozen=True)
class Rosenfeld(OfParamsAndTokens):
    """L = L_0 x / sqrt(x^2 + eta^2): L_0 x / eta for small x, L_0 for large x; takes N with embeddings."""

    formula = "L = L_0 |x / (x - i eta)|, x = A / N^alpha + B / D^beta + c"
    cite = "Rosenfeld et al. 2020, arXiv 1909.12673, eq. 5"
    traps = ("only A/eta, B/eta and c/eta are determined, so A, B and c are in units of eta",)

    @property
    def coefs(self) -> tuple[Coef, ...]:
        return (
            Coef("L_0", "loss of guessing", "nats/token", linear=True),
            Coef("c", "floor of x", "1", starts=(1e-2, 1.0), log=True),
            Coef("A", "x from finite params", "parameters^alpha", starts=(1.0, 1e5), log=True),
            Coef("B", "x from finite tokens", "tokens^beta", starts=(1.0, 1e5), log=True),
            Coef("alpha", "exponent of params"),
            Coef("beta", "exponent of tokens"),
        )

    def predict(self, coef: AnyArray, x: Inputs) -> AnyArray:
        """Evaluate the formula with eta as the unit of x; see ``Law.predict``."""
        guess, floor, a, b, alpha, beta = self.columns(coef)
        inner = floor + a * power(x[self.n], -alpha) + b * power(x["tokens"], -beta)
        return np.asarray(guess * inner / (inner * inner + 1) ** 0.5)


LAW = Rosenfeld()
