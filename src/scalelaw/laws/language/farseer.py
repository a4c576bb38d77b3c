"""Farseer, L = exp(a3 N^gamma + b3) + exp(a2 N^beta + b2) / D^exp(a1 N^alpha + b1) (Li et al. 2025)."""

from dataclasses import dataclass

import numpy as np

from scalelaw.core.types import AnyArray, Inputs
from scalelaw.laws._base import Coef, OfParamsAndTokens
from scalelaw.laws._math import exp, power


@dataclass(frozen=True)
class Farseer(OfParamsAndTokens):
    """The exponent and scale of tokens change with N; ``n`` is the kind of N it takes."""

    formula = "L = exp(a3 N^gamma + b3) + exp(a2 N^beta + b2) / D^exp(a1 N^alpha + b1)"
    cite = "Li et al. 2025, arXiv 2506.10972"
    may_rise = ("params", "params_non_embedding", "params_active")
    traps = (
        "nine coefficients want runs over a whole grid of N and D, not one ray of it",
        "no constants: none were seen at their source",
    )

    @property
    def coefs(self) -> tuple[Coef, ...]:
        return (
            _signed("a3", "change of the log floor with params", -0.05, 0.05, "parameters^-gamma"),
            _signed("b3", "log floor", -1.0, 1.0),
            _signed("gamma", "exponent of params in the floor", 0.02, 0.2),
            _signed("a2", "change of the log scale of tokens with params", 10.0, 120.0, "parameters^-beta"),
            _signed("b2", "log scale of tokens", -8.0, 2.0),
            _signed("beta", "exponent of params in the scale of tokens", -0.2, -0.03),
            _signed("a1", "change of the log exponent of tokens with params", -0.2, -0.02, "parameters^-alpha"),
            _signed("b1", "log exponent of tokens", -1.0, 1.0),
            _signed("alpha", "exponent of params in the exponent of tokens", 0.05, 0.2),
        )

    def predict(self, coef: AnyArray, x: Inputs) -> AnyArray:
        """Evaluate the formula; see ``Law.predict``."""
        a3, b3, gamma, a2, b2, beta, a1, b1, alpha = self.columns(coef)
        params = x[self.n]
        falloff = exp(a1 * power(params, alpha) + b1)
        floor, scale = exp(a3 * power(params, gamma) + b3), exp(a2 * power(params, beta) + b2)
        return np.asarray(floor + scale * power(x["tokens"], -falloff))


def _signed(name: str, meaning: str, low: float, high: float, unit: str = "1") -> Coef:
    """Return a coefficient of either sign that starts between low and high."""
    return Coef(name, meaning, unit, low=-np.inf, starts=(low, high))


LAW = Farseer()
