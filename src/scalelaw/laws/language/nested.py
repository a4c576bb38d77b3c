"""Powers nested in an outer power, L(N, D) = E + ((A / N^alpha)^(1/q) + (B / D^beta)^(1/q))^q: Chinchilla to Kaplan."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from scalelaw.accounting.flops import FLOPS_PER_PARAM_TOKEN
from scalelaw.core.types import AnyArray, Array, Inputs
from scalelaw.laws import _frontier
from scalelaw.laws._base import Coef, Constants, Law, OfParamsAndTokens
from scalelaw.laws._math import exp, log, logaddexp


@dataclass(frozen=True)
class Nested(OfParamsAndTokens):
    """A / N^alpha with abundant tokens, B / D^beta with abundant params; ``q`` combines the two.

    ``q`` = 1 is Chinchilla's law. E = 0, ``q`` = beta = alpha_D, A = N_c^alpha_N, B = D_c^alpha_D is Kaplan's joint
    law. E + (A' / N^a + B' / D^b)^g is the same family, with g = q, a = alpha/q, A' = A^(1/q).
    """

    formula = "L = E + ((A / N^alpha)^(1/q) + (B / D^beta)^(1/q))^q"
    cite = "one family around Kaplan et al. 2020, arXiv 2001.08361, and Hoffmann et al. 2022, arXiv 2203.15556"
    traps = ("q near zero gives the maximum of the two terms, so all of the excess comes from one of them",)

    @property
    def coefs(self) -> tuple[Coef, ...]:
        return (
            Coef("E", "irreducible loss", "nats/token", linear=True),
            Coef("A", "loss from finite params alone", "nats/token * parameters^alpha", starts=(1, 1e5), log=True),
            Coef("B", "loss from finite tokens alone", "nats/token * tokens^beta", starts=(1, 1e5), log=True),
            Coef("alpha", "exponent of params with abundant tokens"),
            Coef("beta", "exponent of tokens with abundant params"),
            Coef("q", "outer exponent; 1 adds the two terms, 0 takes the larger", starts=(0.3, 2.0), log=True),
        )

    def predict(self, coef: AnyArray, x: Inputs) -> AnyArray:
        """Evaluate the formula; see ``Law.predict``."""
        e, _, _, _, _, q = self.columns(coef)
        return np.asarray(e + exp(q * logaddexp(*self._within(coef, x))))

    def value_and_jacobian(self, coef: Array, x: Inputs) -> tuple[Array, Array]:
        """Return values (..., n) and derivatives (..., k, n); see ``Law.value_and_jacobian``."""
        e, a, b, _, _, q = self.columns(coef)
        of_params, of_tokens = self._within(coef, x)
        both = logaddexp(of_params, of_tokens)
        excess = exp(q * both)
        slope_a, slope_b = excess * exp(of_params - both), excess * exp(of_tokens - both)
        slope_q = excess * both - slope_a * of_params - slope_b * of_tokens
        slopes = np.empty((*excess.shape[:-1], 6, excess.shape[-1]))
        slopes[..., 0, :] = 1.0
        slopes[..., 1, :], slopes[..., 2, :] = slope_a / a, slope_b / b
        slopes[..., 3, :], slopes[..., 4, :] = -slope_a * np.log(x[self.n]), -slope_b * np.log(x["tokens"])
        slopes[..., 5, :] = slope_q
        return e + excess, slopes

    def _within(self, coef: AnyArray, x: Inputs) -> tuple[AnyArray, AnyArray]:
        """Return the logarithms of the two inner powers, (..., n)."""
        _, a, b, alpha, beta, q = self.columns(coef)
        return (log(a) - alpha * np.log(x[self.n])) / q, (log(b) - beta * np.log(x["tokens"])) / q

    def optimum(self, coef: Array, flops: Array, flops_per_nd: float = FLOPS_PER_PARAM_TOKEN) -> tuple[Array, Array]:
        """Return N* and D* at C FLOP; the inner sum has Chinchilla's form."""
        return _frontier.optimum(*self._inner(coef), np.asarray(flops) / flops_per_nd)

    def flops_for_loss(self, coef: Array, loss: Array, flops_per_nd: float = FLOPS_PER_PARAM_TOKEN) -> Array:
        """Return the smallest C that reaches the loss."""
        inner = np.maximum(loss - coef[..., 0], 0.0) ** (1 / coef[..., 5])
        return flops_per_nd * _frontier.budget_for(inner, *self._inner(coef))

    @staticmethod
    def _inner(coef: Array) -> tuple[Array, Array, Array, Array]:
        """Return the scales and exponents of the two inner powers."""
        _, a, b, alpha, beta, q = np.moveaxis(coef, -1, 0)
        return a ** (1 / q), b ** (1 / q), alpha / q, beta / q

    @property
    def published(self) -> Mapping[str, Constants]:
        return _PUBLISHED.get(self.n, {})

    @property
    def shapes(self) -> tuple[Law, ...]:
        return (self, *(Nested(n) for n in _PUBLISHED))


_PUBLISHED = {
    "params_non_embedding": {
        "kaplan2020": Constants(
            {"E": 0.0, "A": 6.4e13**0.076, "B": 1.8e13**0.103, "alpha": 0.076, "beta": 0.103, "q": 0.103},
            "Kaplan et al. 2020, arXiv 2001.08361, table 2, in this form",
            {"params_non_embedding": (768, 1.5e9), "tokens": (2.2e7, 2.3e10)},
            note="WebText2, 50257-token vocabulary: only the exponents carry over to another tokenizer",
        ),
        "busbridge2025": Constants(
            {
                "E": 1.220, "A": 3355**0.452, "B": 18186**0.452, "alpha": 0.408 * 0.452, "beta": 0.431 * 0.452,
                "q": 0.452,
            },
            "Busbridge et al. 2025, arXiv 2502.08606: supervised models, in this form",
            note="printed as 1.220 + (3355 / N^0.408 + 18186 / D^0.431)^0.452; we assume N without embeddings",
        ),
    }
}  # fmt: skip

LAW = Nested()
