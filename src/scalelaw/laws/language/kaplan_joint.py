"""Kaplan's joint law, L(N, D) = ((N_c / N)^(alpha_N / alpha_D) + D_c / D)^alpha_D (Kaplan et al. 2020)."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from scalelaw.accounting.flops import FLOPS_PER_PARAM_TOKEN
from scalelaw.core.types import AnyArray, Array, Inputs
from scalelaw.laws import _frontier
from scalelaw.laws._base import Coef, Constants, OfParamsAndTokens
from scalelaw.laws._math import power


@dataclass(frozen=True)
class KaplanJoint(OfParamsAndTokens):
    """Overfitting law without a floor; ``n`` is the kind of N, by default without embeddings."""

    n: str = "params_non_embedding"

    formula = "L = ((N_c / N)^(alpha_N / alpha_D) + D_c / D)^alpha_D"
    cite = "Kaplan et al. 2020, arXiv 2001.08361, eq. 1.5"

    @property
    def coefs(self) -> tuple[Coef, ...]:
        return (
            Coef("alpha_N", "exponent of params with abundant tokens", starts=(0.03, 0.5)),
            Coef("alpha_D", "exponent of tokens with abundant params", starts=(0.03, 0.5)),
            Coef("N_c", "params at which the loss would be one", "parameters", starts=(1e9, 1e16), log=True),
            Coef("D_c", "tokens at which the loss would be one", "tokens", starts=(1e9, 1e16), log=True),
        )

    def predict(self, coef: AnyArray, x: Inputs) -> AnyArray:
        """Evaluate the formula; see ``Law.predict``."""
        alpha_n, alpha_d, n_c, d_c = self.columns(coef)
        return power(power(n_c / x[self.n], alpha_n / alpha_d) + d_c / x["tokens"], alpha_d)

    def optimum(self, coef: Array, flops: Array, flops_per_nd: float = FLOPS_PER_PARAM_TOKEN) -> tuple[Array, Array]:
        """Return N* and D* at C FLOP: the inner sum is Chinchilla's form with alpha = alpha_N/alpha_D, beta = 1."""
        a, b, alpha = self._inner(coef)
        return _frontier.optimum(a, b, alpha, np.ones_like(alpha), np.asarray(flops) / flops_per_nd)

    def flops_for_loss(self, coef: Array, loss: Array, flops_per_nd: float = FLOPS_PER_PARAM_TOKEN) -> Array:
        """Return the smallest C that reaches the loss."""
        a, b, alpha = self._inner(coef)
        inner = np.maximum(loss, 0.0) ** (1 / coef[..., 1])
        return flops_per_nd * _frontier.budget_for(inner, a, b, alpha, np.ones_like(alpha))

    @staticmethod
    def _inner(coef: Array) -> tuple[Array, Array, Array]:
        """Return A, B and alpha of the sum inside the outer power."""
        alpha_n, alpha_d, n_c, d_c = np.moveaxis(coef, -1, 0)
        return n_c ** (alpha_n / alpha_d), d_c, alpha_n / alpha_d

    @property
    def published(self) -> Mapping[str, Constants]:
        return _PUBLISHED if self == KaplanJoint() else {}


_PUBLISHED = {
    "kaplan2020": Constants(
        {"alpha_N": 0.076, "alpha_D": 0.103, "N_c": 6.4e13, "D_c": 1.8e13},
        "Kaplan et al. 2020, arXiv 2001.08361, table 2",
        {"params_non_embedding": (768, 1.5e9), "tokens": (2.2e7, 2.3e10)},
        note="WebText2, 50257-token vocabulary: only the exponents carry over to another tokenizer",
    ),
}

LAW = KaplanJoint()
