"""Chinchilla's parametric law, L(N, D) = E + A / N^alpha + B / D^beta (Hoffmann et al. 2022)."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from scalelaw.accounting.flops import FLOPS_PER_PARAM_TOKEN, counting_for
from scalelaw.core.types import Array
from scalelaw.laws import _frontier
from scalelaw.laws._base import Coef, Constants
from scalelaw.laws._powers import SumOfPowers, Term

_RUNS = {"params": (7e7, 1.6e10), "tokens": (5e9, 5e11)}
_DIGITISED = {"params": (5.733e7, 1.618e10), "tokens": (8.187e8, 3.178e11), "flops": (1.397e18, 1.296e22)}


@dataclass(frozen=True)
class Chinchilla(SumOfPowers):
    """Two power laws over a floor; ``n`` is the kind of N, by default with embeddings.

    ``d`` counts the data in tokens, or in ``bytes`` for runs of several tokenizers with loss in bits per byte.
    """

    n: str = "params"
    d: str = "tokens"

    formula = "L = E + A / N^alpha + B / D^beta"
    cite = "Hoffmann et al. 2022, arXiv 2203.15556, eq. 2"

    def __post_init__(self) -> None:
        counting_for(self.n)

    @property
    def inputs(self) -> tuple[str, ...]:
        return (self.n, self.d)

    @property
    def coefs(self) -> tuple[Coef, ...]:
        unit = "bits/byte" if self.d == "bytes" else "nats/token"
        return (
            Coef("E", "irreducible loss", unit, linear=True),
            Coef("A", "loss from finite params", f"{unit} * parameters^alpha", linear=True),
            Coef("B", f"loss from finite {self.d}", f"{unit} * {self.d}^beta", linear=True),
            Coef("alpha", "exponent of params"),
            Coef("beta", f"exponent of {self.d}"),
        )

    @property
    def terms(self) -> tuple[Term, ...]:
        return (Term("E"), Term("A", {self.n: "alpha"}), Term("B", {self.d: "beta"}))

    def optimum(self, coef: Array, flops: Array, flops_per_nd: float = FLOPS_PER_PARAM_TOKEN) -> tuple[Array, Array]:
        """Return N* and D* at C FLOP, in closed form."""
        _, a, b, alpha, beta = np.moveaxis(coef, -1, 0)
        return _frontier.optimum(a, b, alpha, beta, np.asarray(flops) / flops_per_nd)

    def flops_for_loss(self, coef: Array, loss: Array, flops_per_nd: float = FLOPS_PER_PARAM_TOKEN) -> Array:
        """Return the smallest C that reaches the loss."""
        e, a, b, alpha, beta = np.moveaxis(coef, -1, 0)
        return flops_per_nd * _frontier.budget_for(loss - e, a, b, alpha, beta)

    @property
    def published(self) -> Mapping[str, Constants]:
        return _PUBLISHED if self == Chinchilla() else {}


def _gadre(e: float, a: float, b: float, eta: float, data: str) -> Constants:
    """Return E + (a M^eta + b M^-eta) C^-eta, with M = D/N and C = 6 N D, as E + A/N^2eta + B/D^2eta."""
    scale = FLOPS_PER_PARAM_TOKEN**-eta
    return Constants(
        {"E": e, "A": a * scale, "B": b * scale, "alpha": 2 * eta, "beta": 2 * eta},
        f"Gadre et al. 2024, arXiv 2403.08540, trained on {data}",
        note=f"loss on C4 eval; {data}; four coefficients from five runs, with equal exponents by construction",
    )


_PUBLISHED = {
    "besiroglu2024": Constants(
        {"E": 1.8172, "A": 482.01, "B": 2085.43, "alpha": 0.3478, "beta": 0.3658},
        "Besiroglu et al. 2024, arXiv 2404.10102: refit of the digitised points",
        _DIGITISED,
    ),
    "hoffmann2022": Constants(
        {
            "E": np.exp(0.5267228),
            "A": np.exp(6.0073404),
            "B": np.exp(6.0179186),
            "alpha": 0.33917084,
            "beta": 0.2849083,
        },
        "Hoffmann et al. 2022, arXiv 2203.15556: the precision of its TeX source",
        _RUNS,
        note="fits its own points badly: the optimiser stopped early (Besiroglu et al. 2024)",
    ),
    "hoffmann2022-printed": Constants(
        {"E": 1.69, "A": 406.4, "B": 410.7, "alpha": 0.34, "beta": 0.28},
        "Hoffmann et al. 2022, arXiv 2203.15556, eq. 10, as printed",
        _RUNS,
        note="rounding beta to 0.28 alone multiplies the data term by 1.13 at 1e11 tokens",
    ),
    "muennighoff2023": Constants(
        {
            "E": np.exp(0.6254804),
            "A": np.exp(6.255414),
            "B": np.exp(7.3049974),
            "alpha": 0.3526596,
            "beta": 0.3526596,
        },
        "Muennighoff et al. 2023, arXiv 2305.16264: README of huggingface/datablations",
        note="C4, one epoch; the exponents were tied",
    ),
    "gadre2024-c4": _gadre(1.508, 141.3, 189.5, 0.1212, "C4"),
    "gadre2024-redpajama": _gadre(1.837, 212.2, 366.7, 0.1364, "RedPajama"),
    "gadre2024-refinedweb": _gadre(1.735, 157.1, 246.2, 0.1272, "RefinedWeb"),
    "mcleish2025": Constants(
        {
            "E": np.exp(0.7297863295),
            "A": np.exp(5.4197160371),
            "B": np.exp(12.5138998709),
            "alpha": 0.3002728205,
            "beta": 0.580241077,
        },
        "McLeish et al. 2025 (Gemstones), arXiv 2502.06857: published fit to cooled-down models, Huber 1e-3",
        {"params": (4.838e7, 2.008e9), "tokens": (1.1e10, 1.1e11)},
        note="N counts one embedding matrix; B and beta are poorly determined",
    ),
}

LAW = Chinchilla()
