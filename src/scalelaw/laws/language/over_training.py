"""Gadre's over-training law in compute and ratio, L(C, M) = E + (a M^eta + b M^-eta) C^-eta, M = D/N."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from scalelaw.core.types import AnyArray, Array, Inputs
from scalelaw.laws._base import Coef, Constants, Law
from scalelaw.laws._math import power


@dataclass(frozen=True)
class OverTraining(Law):
    """Chinchilla's law with equal exponents 2 eta, in compute and tokens per param; N with embeddings, C = 6 N D."""

    formula = "L = E + (a M^eta + b M^-eta) C^-eta"
    cite = "Gadre et al. 2024, arXiv 2403.08540, eq. 4"
    may_rise = ("tokens_per_param",)
    traps = (
        "fitted to five runs; do not trust the best ratio they imply, 3 to 8 tokens per param",
        "a Chinchilla multiplier of one is M = 20",
    )

    @property
    def inputs(self) -> tuple[str, ...]:
        return ("flops", "tokens_per_param")

    @property
    def coefs(self) -> tuple[Coef, ...]:
        return (
            Coef("E", "irreducible loss", "nats/token", linear=True),
            Coef("a", "loss that grows with the ratio", "nats/token * FLOP^eta", linear=True),
            Coef("b", "loss that falls with the ratio", "nats/token * FLOP^eta", linear=True),
            Coef("eta", "exponent of compute, half that of params and of tokens", starts=(0.05, 0.5)),
        )

    def predict(self, coef: AnyArray, x: Inputs) -> AnyArray:
        """Evaluate the formula; see ``Law.predict``."""
        e, a, b, eta = self.columns(coef)
        m, c = np.asarray(x["tokens_per_param"]), np.asarray(x["flops"])
        return np.asarray(e + a * power(m / c, eta) + b * power(1 / (m * c), eta))

    def best_ratio(self, coef: Array) -> Array:
        """Return the tokens per param of least loss, (b / a)^(1 / (2 eta)), the same at any compute."""
        _, a, b, eta = np.moveaxis(coef, -1, 0)
        return np.asarray((b / a) ** (1 / (2 * eta)))

    @property
    def published(self) -> Mapping[str, Constants]:
        return _PUBLISHED


def _gadre(e: float, a: float, b: float, eta: float, data: str) -> Constants:
    return Constants(
        {"E": e, "a": a, "b": b, "eta": eta},
        "Gadre et al. 2024, arXiv 2403.08540, table of fits",
        {"flops": (1.34e16, 2.04e19), "tokens_per_param": (20.0, 320.0)},
        note=f"trained on {data}, loss on C4 eval; four coefficients from five runs",
    )


_PUBLISHED = {
    "gadre2024-c4": _gadre(1.508, 141.3, 189.5, 0.1212, "C4"),
    "gadre2024-redpajama": _gadre(1.837, 212.2, 366.7, 0.1364, "RedPajama"),
    "gadre2024-refinedweb": _gadre(1.735, 157.1, 246.2, 0.1272, "RefinedWeb"),
}

LAW = OverTraining()
