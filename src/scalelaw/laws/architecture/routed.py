"""Routed models, log10 L = a log10 N + b log10 E' + c log10 N log10 E' + d, E' saturating in experts (Clark 2022)."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from scalelaw.core.types import AnyArray, Inputs
from scalelaw.laws._base import Coef, Constants, Law
from scalelaw.laws._math import exp, log

LN_TEN = np.log(10.0)


@dataclass(frozen=True)
class Routed(Law):
    """Loss of a model with N active parameters and E experts, at 130B tokens."""

    formula = "log10 L = a log10 N + b log10 E' + c log10 N log10 E' + d; 1/E' = 1/(E - 1 + 1/(1/E_s - 1/E_m)) + 1/E_m"
    cite = "Clark et al. 2022, arXiv 2202.01169"
    traps = (
        "logarithms are to base ten; natural ones give losses near 0.5",
        "N counts the dense model that each token passes through, without unused experts",
        "routing stops paying at N = 10^(-b/c)",
    )

    @property
    def inputs(self) -> tuple[str, ...]:
        return ("params_active", "experts")

    @property
    def coefs(self) -> tuple[Coef, ...]:
        return (
            Coef("a", "exponent of params", low=-np.inf, starts=(-0.2, -0.02)),
            Coef("b", "exponent of saturated experts", low=-np.inf, starts=(-0.3, -0.02)),
            Coef("c", "loss of the benefit of experts in larger models", low=-np.inf, starts=(0.0, 0.03)),
            Coef("d", "log10 of the loss at one parameter and one saturated expert", low=-np.inf, starts=(0.5, 2.0)),
            Coef("E_s", "saturated experts of a dense model", "experts", low=1.0, starts=(1.1, 10), log=True),
            Coef("E_m", "largest number of saturated experts", "experts", low=2.0, starts=(50, 2000), log=True),
        )

    def predict(self, coef: AnyArray, x: Inputs) -> AnyArray:
        """Evaluate the formula; see ``Law.predict``."""
        a, b, c, d, start, most = self.columns(coef)
        n = log(x["params_active"]) / LN_TEN
        e = log(saturated(x["experts"], start, most)) / LN_TEN
        return np.asarray(exp(LN_TEN * (a * n + b * e + c * n * e + d)))

    @property
    def published(self) -> Mapping[str, Constants]:
        return _PUBLISHED


def saturated(experts: AnyArray, start: AnyArray, most: AnyArray) -> AnyArray:
    """Return E', equal to ``start`` for one expert and approaching ``most`` for many."""
    return 1 / (1 / (experts - 1 + 1 / (1 / start - 1 / most)) + 1 / most)


def _clark(method: str, *values: float) -> Constants:
    return Constants(
        dict(zip(("a", "b", "c", "d", "E_s", "E_m"), values, strict=True)),
        f"Clark et al. 2022, arXiv 2202.01169: {method}",
        note="every model at 130B tokens",
    )


_PUBLISHED = {
    "clark2022-sbase": _clark("S-BASE", -0.082, -0.108, 0.009, 1.104, 1.847, 314.478),
    "clark2022-rlr": _clark("RL-R", -0.083, -0.126, 0.012, 1.111, 1.880, 469.982),
    "clark2022-hash": _clark("HASH", -0.087, -0.136, 0.012, 1.157, 4.175, 477.741),
}

LAW = Routed()
