"""Farseer, L = exp(a3 N^gamma + b3) + exp(a2 N^beta + b2) / D^exp(a1 N^alpha + b1) (Li et al. 2025)."""

from dataclasses import dataclass

import numpy as np

from scalelaw.accounting.flops import counting_for
from scalelaw.core.types import AnyArray, Inputs
from scalelaw.laws._base import Coef, Law
from scalelaw.laws._math import exp, power


@dataclass(frozen=True)
class Farseer(Law):
    """The exponent and scale of tokens change with N; ``n`` is the kind of N it takes."""

    n: str = "params"

    formula = "L = exp(a3 N^gamma + b3) + exp(a2 N^beta + b2) / D^exp(a1 N^alpha + b1)"
    cite = "Li et al. 2025, arXiv 2506.10972"
    may_rise = ("params", "params_non_embedding", "params_active")
    traps = (
        "nine coefficients want runs over a whole grid of N and D, not one ray of it",
        "no constants: none were seen at their source",
    )

    def __post_init__(self) -> None:
        counting_for(self.n)

    @property
    def inputs(self) -> tuple[str, ...]:
        return (self.n, "tokens")

    @property
    def coefs(self) -> tuple[Coef, ...]:
        signed = {"low": -np.inf}
        return (
            Coef("a3", "change of the log floor with params", "parameters^-gamma", **signed, starts=(-0.05, 0.05)),
            Coef("b3", "log floor", **signed, starts=(-1.0, 1.0)),
            Coef("gamma", "exponent of params in the floor", **signed, starts=(0.02, 0.2)),
            Coef("a2", "change of the log scale of tokens with params", "parameters^-beta", **signed, starts=(10, 120)),
            Coef("b2", "log scale of tokens", **signed, starts=(-8.0, 2.0)),
            Coef("beta", "exponent of params in the scale of tokens", **signed, starts=(-0.2, -0.03)),
            Coef("a1", "change of the log exponent of tokens with params", "parameters^-alpha", **signed,
                 starts=(-0.2, -0.02)),
            Coef("b1", "log exponent of tokens", **signed, starts=(-1.0, 1.0)),
            Coef("alpha", "exponent of params in the exponent of tokens", **signed, starts=(0.05, 0.2)),
        )  # fmt: skip

    def predict(self, coef: AnyArray, x: Inputs) -> AnyArray:
        """Evaluate the formula; see ``Law.predict``."""
        a3, b3, gamma, a2, b2, beta, a1, b1, alpha = self.columns(coef)
        params = x[self.n]
        falloff = exp(a1 * power(params, alpha) + b1)
        return exp(a3 * power(params, gamma) + b3) + exp(a2 * power(params, beta) + b2) * power(x["tokens"], -falloff)


LAW = Farseer()
