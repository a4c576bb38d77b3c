"""Chinchilla's law of effective params and tokens, which repetition uses up (Muennighoff et al. 2023)."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from scalelaw.accounting.flops import FLOPS_PER_PARAM_TOKEN
from scalelaw.core.minimum import least
from scalelaw.core.types import AnyArray, Array, Inputs
from scalelaw.laws._base import Coef, Constants, Law
from scalelaw.laws._math import expm1, log, minimum, power

_GRID = 2001
_DECADES = 4.0
_FRESH = 1e4


@dataclass(frozen=True)
class Repeated(Law):
    """Tokens seen again, and params beyond what the unique tokens can use, are worth ever less; N with embeddings."""

    formula = (
        "L = E + A / N'^alpha + B / D'^beta, D' = U (1 + R_D (1 - exp(-(D/U - 1) / R_D))), "
        "N' = U_N (1 + R_N (1 - exp(-(N/U_N - 1) / R_N))), U_N = min(N, N*(U))"
    )
    cite = "Muennighoff et al. 2023, arXiv 2305.16264, eqs. 5 and 6"
    traps = (
        "it falls with every epoch and param, so it cannot show overfitting",
        "excess params lose their worth three times as fast as epochs: add epochs first",
    )

    @property
    def inputs(self) -> tuple[str, ...]:
        return ("params", "tokens", "unique_tokens")

    @property
    def coefs(self) -> tuple[Coef, ...]:
        return (
            Coef("E", "irreducible loss", "nats/token", linear=True),
            Coef("A", "loss from finite params", "nats/token * parameters^alpha", starts=(1, 1e5), log=True),
            Coef("B", "loss from finite tokens", "nats/token * tokens^beta", starts=(1, 1e5), log=True),
            Coef("alpha", "exponent of effective params"),
            Coef("beta", "exponent of effective tokens"),
            Coef("R_D", "repetitions of tokens until their worth decays", high=_FRESH, starts=(0.5, 200.0), log=True),
            Coef("R_N", "repetitions of params until their worth decays", high=_FRESH, starts=(0.5, 200.0), log=True),
        )

    def effective(self, coef: AnyArray, x: Inputs) -> tuple[AnyArray, AnyArray]:
        """Return N' and D', the params and unique tokens that would do as well, (..., n)."""
        *_, tokens_decay, params_decay = self.columns(coef)
        unique = minimum(x["unique_tokens"], x["tokens"])
        usable = minimum(self.matched(coef, unique), x["params"])
        return _worth(x["params"], usable, params_decay), _worth(x["tokens"], unique, tokens_decay)

    def matched(self, coef: AnyArray, unique: AnyArray) -> AnyArray:
        """Return the params that U unique tokens are compute-optimal for, (..., n)."""
        _, a, b, alpha, beta, *_ = self.columns(coef)
        gain = log(alpha * a / (beta * b)) / (alpha + beta)
        return np.asarray(power(unique, beta / alpha) * np.exp(gain * (1 + beta / alpha)))

    def predict(self, coef: AnyArray, x: Inputs) -> AnyArray:
        """Evaluate the formula; see ``Law.predict``."""
        e, a, b, alpha, beta, *_ = self.columns(coef)
        params, tokens = self.effective(coef, x)
        return np.asarray(e + a * power(params, -alpha) + b * power(tokens, -beta))

    def allocation(self, coef: Array, flops: float, unique_tokens: float) -> tuple[float, float]:
        """Return N and D of least loss at C = 6 N D with U unique tokens, by search over N.

        Args:
            coef: (7,).
            flops: C in FLOP.
            unique_tokens: U.
        """
        budget = flops / FLOPS_PER_PARAM_TOKEN
        grid = np.log(budget) / 2 + np.log(10) * np.linspace(-_DECADES, _DECADES, _GRID)
        x = {"params": np.exp(grid), "tokens": budget / np.exp(grid), "unique_tokens": np.array([unique_tokens])}
        params = float(np.exp(least(grid, self.predict(coef, x)[None])[0][0]))
        return params, budget / params

    @property
    def published(self) -> Mapping[str, Constants]:
        return _PUBLISHED


def _worth(count: AnyArray, unique: AnyArray, decay: AnyArray) -> AnyArray:
    """Return unique (1 + decay (1 - exp(-(count / unique - 1) / decay)))."""
    return np.asarray(unique * (1 - decay * expm1((1 - count / unique) / decay)))


def _muennighoff(
    a: float, b: float, e: float, exponents: tuple[float, float], decays: tuple[float, float], where: str
) -> Constants:
    return Constants(
        {"E": np.exp(e), "A": np.exp(a), "B": np.exp(b), "alpha": exponents[0], "beta": exponents[1],
         "R_D": decays[0], "R_N": decays[1]},
        f"Muennighoff et al. 2023, arXiv 2305.16264: {where} of huggingface/datablations",
        {"params": (7e6, 9e9), "epochs": (1, 500)},
    )  # fmt: skip


_PUBLISHED = {
    "muennighoff2023": _muennighoff(
        6.255414, 7.3049974, 0.6254804, (0.3526596, 0.3526596), (15.387756, 5.309743), "README"
    ),
    "muennighoff2023-untied": _muennighoff(
        6.6229553, 7.5856404, 0.604038, (0.3724021, 0.36468068), (16.257626, 4.9642363), "a plotting notebook"
    ),
}

LAW = Repeated()
