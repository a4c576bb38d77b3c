"""Chinchilla's law with effective params and tokens, which grow less with repetition (Muennighoff et al. 2023)."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from scalelaw.accounting.flops import FLOPS_PER_PARAM_TOKEN
from scalelaw.core.minimum import least
from scalelaw.core.types import AnyArray, Array, Inputs
from scalelaw.laws._base import Coef, Constants, Law
from scalelaw.laws._math import exp, expm1, log, minimum, power

_GRID = 2001
_DECADES = 4.0
_FRESH = 1e4


@dataclass(frozen=True)
class Repeated(Law):
    """Repeated tokens, and params beyond the use of the unique tokens, lose value; N with embeddings.

    In the formula, U of the tokens is the number of unique tokens. U of the params is the N for which the unique tokens
    are compute-optimal, or the actual N if that is less.
    """

    formula = "L = E + A / N'^alpha + B / D'^beta, X' = U (1 + R (1 - exp((1 - X/U) / R)))"
    cite = "Muennighoff et al. 2023, arXiv 2305.16264, eqs. 5 and 6"
    traps = (
        "its loss falls with every epoch and param, so it cannot show overfitting",
        "excess params lose value three times as fast as epochs: add epochs first",
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
            Coef("R_D", "repetitions of tokens until their value decays", high=_FRESH, starts=(0.5, 200.0), log=True),
            Coef("R_N", "repetitions of params until their value decays", high=_FRESH, starts=(0.5, 200.0), log=True),
        )

    def effective(self, coef: AnyArray, x: Inputs) -> tuple[AnyArray, AnyArray]:
        """Return N' and D', the equivalent params and unique tokens, (..., n)."""
        *_, tokens_decay, params_decay = self.columns(coef)
        unique = minimum(x["unique_tokens"], x["tokens"])
        usable = minimum(self.matched(coef, unique), x["params"])
        return _worth(x["params"], usable, params_decay), _worth(x["tokens"], unique, tokens_decay)

    def matched(self, coef: AnyArray, unique: AnyArray) -> AnyArray:
        """Return the params for which U unique tokens are compute-optimal, (alpha A / (beta B) U^beta)^(1 / alpha)."""
        _, a, b, alpha, beta, *_ = self.columns(coef)
        return np.asarray(exp((log(alpha * a / (beta * b)) + beta * np.log(unique)) / alpha))

    def predict(self, coef: AnyArray, x: Inputs) -> AnyArray:
        """Evaluate the formula; see ``Law.predict``."""
        e, a, b, alpha, beta, *_ = self.columns(coef)
        params, tokens = self.effective(coef, x)
        return np.asarray(e + a * power(params, -alpha) + b * power(tokens, -beta))

    def value_and_jacobian(self, coef: Array, x: Inputs) -> tuple[Array, Array]:
        """Return values (..., n) and derivatives (..., k, n); see ``Law.value_and_jacobian``."""
        e, a, b, alpha, beta, tokens_decay, params_decay = self.columns(coef)
        unique = np.minimum(x["unique_tokens"], x["tokens"])
        matched = self.matched(coef, unique)
        usable = np.minimum(matched, x["params"])
        params, tokens = _worth(x["params"], usable, params_decay), _worth(x["tokens"], unique, tokens_decay)
        of_params, of_tokens = power(params, -alpha), power(tokens, -beta)
        fall_params, fall_tokens = -alpha * a * of_params / params, -beta * b * of_tokens / tokens
        done = exp((1 - x["params"] / usable) / params_decay)
        by_usable = np.where(matched < x["params"], params / usable - x["params"] / usable * done, 0.0)
        by_log = fall_params * by_usable * usable / alpha
        slopes = (
            np.ones_like(of_params),
            of_params + by_log / a,
            of_tokens - by_log / b,
            -a * of_params * np.log(params) + by_log * (1 / alpha - np.log(matched)),
            -b * of_tokens * np.log(tokens) + by_log * (np.log(unique) - 1 / beta),
            fall_tokens * _by_decay(x["tokens"], unique, tokens_decay),
            fall_params * _by_decay(x["params"], usable, params_decay),
        )
        return e + a * of_params + b * of_tokens, np.stack(np.broadcast_arrays(*slopes), axis=-2)

    def allocation(self, coef: Array, flops: float, unique_tokens: float) -> tuple[float, float]:
        """Return N and D of least loss at C = 6 N D with U unique tokens, by search over N.

        Args:
            coef: coefficients (7,).
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


def _by_decay(count: Array, unique: Array, decay: Array) -> Array:
    """Return the derivative of ``_worth`` by the decay."""
    spent = (1 - count / unique) / decay
    return np.asarray(unique * (spent * exp(spent) - expm1(spent)))


def _muennighoff(
    a: float, b: float, e: float, exponents: tuple[float, float], decays: tuple[float, float], where: str
) -> Constants:
    return Constants(
        {"E": np.exp(e), "A": np.exp(a), "B": np.exp(b), "alpha": exponents[0], "beta": exponents[1],
         "R_D": decays[0], "R_N": decays[1]},
        f"Muennighoff et al. 2023, arXiv 2305.16264: {where} of huggingface/datablations",
        {"params": (7.1e6, 8.67e9), "tokens": (1e8, 9e11), "unique_tokens": (1e8, 1.78e11)},
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
