"""Kaplan's learning curve, L(N, S_min) = (N_c / N)^alpha_N + (S_c / S_min)^alpha_S, and its consequences."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from scalelaw.core.types import AnyArray, Array, Inputs
from scalelaw.laws._base import Coef, Constants, Law
from scalelaw.laws._math import power


@dataclass(frozen=True)
class KaplanSteps(Law):
    """Loss after S_min steps at a batch far above critical; takes N without embeddings.

    ``accounting.batch.min_steps`` converts steps S at a batch B: S_min = S / (1 + B_crit / B).
    """

    formula = "L = (N_c / N)^alpha_N + (S_c / S_min)^alpha_S"
    cite = "Kaplan et al. 2020, arXiv 2001.08361, eq. 1.6"
    takes_curves = True
    traps = (
        "S_min is not the number of steps taken; adjust for the batch first",
        "its N_c and alpha_N are not those of L(N), nor of L(N, D)",
    )

    @property
    def inputs(self) -> tuple[str, ...]:
        return ("params_non_embedding", "min_steps")

    @property
    def coefs(self) -> tuple[Coef, ...]:
        return (
            Coef("alpha_N", "exponent of params", starts=(0.03, 0.5)),
            Coef("alpha_S", "exponent of steps", starts=(0.2, 1.5)),
            Coef("N_c", "params at which their term is one", "parameters", starts=(1e9, 1e16), log=True),
            Coef("S_c", "steps at which their term is one", "steps", starts=(1e1, 1e6), log=True),
        )

    def predict(self, coef: AnyArray, x: Inputs) -> AnyArray:
        """Evaluate the formula; see ``Law.predict``."""
        alpha_n, alpha_s, n_c, s_c = self.columns(coef)
        return power(n_c / x["params_non_embedding"], alpha_n) + power(s_c / x["min_steps"], alpha_s)

    def stopping(self, coef: Array) -> Array:
        """Return the loss at the end of compute-efficient training over the converged loss, 1 + alpha_N / alpha_S."""
        return np.asarray(1 + coef[..., 0] / coef[..., 1])

    def early_stop(self, coef: Array, gap: Array) -> Array:
        """Return the fewest steps after which overfitting may begin, S_c / gap^(1 / alpha_S).

        Args:
            coef: (..., 4).
            gap: L(N, D) - L(N, infinity) of the joint law, nats/token, (...).
        """
        return np.asarray(coef[..., 3] / gap ** (1 / coef[..., 1]))

    def off_optimal(self, coef: Array, ratio: Array) -> tuple[Array, Array]:
        """Return steps and compute relative to the efficient size; infinite where the loss is out of reach.

        S / S_eff = (1 + alpha_S / alpha_N * (1 - (N_eff / N)^alpha_N))^(-1 / alpha_S);
        C / C_eff = N / N_eff * S / S_eff.

        Args:
            coef: (..., 4).
            ratio: N / N_eff, (...).
        """
        alpha_n, alpha_s = coef[..., 0], coef[..., 1]
        left = 1 + alpha_s / alpha_n * (1 - np.asarray(ratio) ** -alpha_n)
        with np.errstate(divide="ignore"):
            steps = np.maximum(left, 0.0) ** (-1 / alpha_s)
        return np.asarray(steps), np.asarray(ratio * steps)

    def shares(self, coef: Array, alpha_b: float) -> tuple[Array, Array, Array, Array]:
        """Return the exponent of the loss in C_min, and the exponents by which N, B and S grow with C_min.

        Args:
            coef: (..., 4).
            alpha_b: exponent of the critical batch, B_crit = B_* / L^(1 / alpha_b).
        """
        total = 1 / (1 / coef[..., 1] + 1 / alpha_b + 1 / coef[..., 0])
        return np.asarray(total), total / coef[..., 0], np.asarray(total / alpha_b), total / coef[..., 1]

    @property
    def published(self) -> Mapping[str, Constants]:
        return {
            "kaplan2020": Constants(
                {"alpha_N": 0.077, "alpha_S": 0.76, "N_c": 6.5e13, "S_c": 2.1e3},
                "Kaplan et al. 2020, arXiv 2001.08361, table 3; alpha_N and N_c from memory",
                {"params_non_embedding": (768, 1.5e9)},
                note="WebText2, 50257-token vocabulary",
                unverified=True,
            )
        }


LAW = KaplanSteps()
