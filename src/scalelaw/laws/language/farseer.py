"""Farseer, L = exp(a3 N^gamma + b3) + exp(a2 N^beta + b2) / D^exp(a1 N^alpha + b1) (Li et al. 2025)."""

from dataclasses import dataclass

import numpy as np

from scalelaw.core.types import AnyArray, Array, Inputs
from scalelaw.laws._base import Coef, OfParamsAndTokens
from scalelaw.laws._math import exp, power


@dataclass(frozen=True)
class Farseer(OfParamsAndTokens):
    """Exponent and scale of tokens change with N; ``n`` is the kind of N."""

    formula = "L = exp(a3 N^gamma + b3) + exp(a2 N^beta + b2) / D^exp(a1 N^alpha + b1)"
    cite = "Li et al. 2025, arXiv 2506.10972"
    may_rise = ("params", "params_non_embedding", "params_active")
    traps = (
        "nine coefficients need runs over a whole grid of N and D, not along one ray",
        "no constants, since we have not seen the source",
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
            _signed("a1", "change of the log exponent of tokens with params", -0.2, -0.06, "parameters^-alpha"),
            _signed("b1", "log exponent of tokens", -1.0, 1.0),
            _signed("alpha", "exponent of params in the exponent of tokens", 0.07, 0.15),
        )

    def predict(self, coef: AnyArray, x: Inputs) -> AnyArray:
        """Evaluate the formula; see ``Law.predict``."""
        floor, fall = self._parts(coef, x)[:2]
        return np.asarray(floor + fall)

    def value_and_jacobian(self, coef: Array, x: Inputs) -> tuple[Array, Array]:
        """Return values (..., n) and derivatives (..., k, n); see ``Law.value_and_jacobian``."""
        floor, fall, exponent, grown = self._parts(coef, x)
        weight = (floor, fall, -fall * exponent * np.log(x["tokens"]))
        slopes = [
            by * slope
            for by, scale, power_of_n in zip(weight, self.columns(coef)[::3], grown, strict=True)
            for slope in (power_of_n, 1.0, scale * power_of_n * np.log(x[self.n]))
        ]
        return np.asarray(floor + fall), np.stack(slopes, axis=-2)

    def _parts(self, coef: AnyArray, x: Inputs) -> tuple[AnyArray, AnyArray, AnyArray, list[AnyArray]]:
        """Return floor, loss from finite tokens, exponent of tokens, and N to gamma, beta and alpha, each (..., n)."""
        a3, b3, gamma, a2, b2, beta, a1, b1, alpha = self.columns(coef)
        grown = [power(x[self.n], each) for each in (gamma, beta, alpha)]
        exponent = exp(a1 * grown[2] + b1)
        return exp(a3 * grown[0] + b3), exp(a2 * grown[1] + b2 - exponent * np.log(x["tokens"])), exponent, grown


def _signed(name: str, meaning: str, low: float, high: float, unit: str = "1") -> Coef:
    """Return a coefficient of either sign with starts between low and high."""
    return Coef(name, meaning, unit, low=-np.inf, starts=(low, high))


LAW = Farseer()
