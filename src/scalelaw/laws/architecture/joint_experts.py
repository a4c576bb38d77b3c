"""Joint experts, L = a E'^delta N^(alpha + gamma ln E') + b E'^omega D^(beta + zeta ln E') + c (Ludziejewski)."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from scalelaw.core.types import AnyArray, Inputs
from scalelaw.laws._base import Coef, Constants, Law
from scalelaw.laws._math import exp, log
from scalelaw.laws.architecture.routed import saturated


@dataclass(frozen=True)
class JointExperts(Law):
    """Loss by active parameters, tokens and experts; one expert is the dense model."""

    formula = "L = a E'^delta N^(alpha + gamma ln E') + b E'^omega D^(beta + zeta ln E') + c; E' as in routed"
    cite = "Ludziejewski et al. 2025, arXiv 2502.05172"
    may_rise = ("experts",)
    traps = (
        "N is active parameters; the total of a mixture of experts makes it look far better than it is",
        "alpha, beta, delta and zeta are negative, gamma and omega positive: flipped signs make loss rise with experts",
        "logarithms are natural, unlike those of routed",
    )

    @property
    def inputs(self) -> tuple[str, ...]:
        return ("params_active", "tokens", "experts")

    @property
    def coefs(self) -> tuple[Coef, ...]:
        return (
            Coef("a", "loss from finite params", "nats/token * parameters^-alpha", linear=True),
            Coef("b", "loss from finite tokens", "nats/token * tokens^-beta", linear=True),
            Coef("c", "irreducible loss", "nats/token", linear=True),
            _signed("alpha", "exponent of params", -0.5, -0.05),
            _signed("beta", "exponent of tokens", -0.5, -0.05),
            _signed("delta", "exponent of experts beside params", -0.5, 0.5),
            _signed("omega", "exponent of experts beside tokens", -0.5, 0.8),
            _signed("gamma", "change of alpha with experts", -0.05, 0.05),
            _signed("zeta", "change of beta with experts", -0.05, 0.05),
            Coef("E_s", "saturated experts of a dense model", "experts", low=1.0, starts=(1.1, 10), log=True),
            Coef("E_m", "largest number of saturated experts", "experts", low=2.0, starts=(50, 2000), log=True),
        )

    def predict(self, coef: AnyArray, x: Inputs) -> AnyArray:
        """Evaluate the formula; see ``Law.predict``."""
        a, b, c, alpha, beta, delta, omega, gamma, zeta, start, most = self.columns(coef)
        e = log(saturated(x["experts"], start, most))
        by_params = exp(delta * e + (alpha + gamma * e) * np.log(x["params_active"]))
        by_tokens = exp(omega * e + (beta + zeta * e) * np.log(x["tokens"]))
        return np.asarray(a * by_params + b * by_tokens + c)

    @property
    def published(self) -> Mapping[str, Constants]:
        return _PUBLISHED


def _signed(name: str, meaning: str, low: float, high: float) -> Coef:
    """Return an exponent of either sign with starts between low and high."""
    return Coef(name, meaning, low=-np.inf, starts=(low, high))


_PUBLISHED = {
    "ludziejewski2025": Constants(
        {
            "a": 35.91, "b": 35.98, "c": 1.3637, "alpha": -0.1889, "beta": -0.1775, "delta": -0.2285,
            "omega": 0.5529, "gamma": 0.0098, "zeta": -0.0259, "E_s": 2.0732, "E_m": 290.4521,
        },
        "Ludziejewski et al. 2025, arXiv 2502.05172",
        {"experts": (1, 32)},
        note="experts of full width, one of them active",
    ),
}  # fmt: skip

LAW = JointExperts()
