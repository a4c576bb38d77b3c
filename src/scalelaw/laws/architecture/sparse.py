"""Sparse experts, L(N, D, S) = e + a/N^alpha + b/D^beta + c/(1-S)^lambda + d/((1-S)^delta N^gamma) (Abnar 2025)."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from scalelaw.laws._base import Coef, Constants
from scalelaw.laws._powers import SumOfPowers, Term


@dataclass(frozen=True)
class Sparse(SumOfPowers):
    """Mixture of experts with the share 1 - S of its weights used per token; takes total N."""

    formula = "L = e + a / N^alpha + b / D^beta + c / (1 - S)^lambda + d / ((1 - S)^delta N^gamma)"
    cite = "Abnar et al. 2025, arXiv 2501.12370"
    may_rise = ("active_share",)
    traps = (
        "N is total, and compute follows the active part of it: C = 6 N_active D",
        "lambda is negative: at fixed N and D, sparser models are worse in term d and better in term c",
    )

    @property
    def inputs(self) -> tuple[str, ...]:
        return ("params", "tokens", "active_share")

    @property
    def coefs(self) -> tuple[Coef, ...]:
        return (
            Coef("e", "irreducible loss", "nats/token", linear=True),
            Coef("a", "loss from finite params", "nats/token * parameters^alpha", linear=True),
            Coef("b", "loss from finite tokens", "nats/token * tokens^beta", linear=True),
            Coef("c", "loss that grows with the active share", "nats/token", linear=True),
            Coef("d", "loss from sparsity in finite params", "nats/token * parameters^gamma", linear=True),
            Coef("alpha", "exponent of params"),
            Coef("beta", "exponent of tokens"),
            Coef("lambda", "exponent of the active share", low=-np.inf, starts=(-0.5, -0.05)),
            Coef("delta", "exponent of the active share beside params", starts=(0.05, 0.5)),
            Coef("gamma", "exponent of params beside sparsity", starts=(0.05, 0.5)),
        )

    @property
    def terms(self) -> tuple[Term, ...]:
        return (
            Term("e"),
            Term("a", {"params": "alpha"}),
            Term("b", {"tokens": "beta"}),
            Term("c", {"active_share": "lambda"}),
            Term("d", {"active_share": "delta", "params": "gamma"}),
        )

    @property
    def published(self) -> Mapping[str, Constants]:
        return _PUBLISHED


_PUBLISHED = {
    "abnar2025": Constants(
        {
            "e": 0.94, "a": 16612.50, "b": 5455.67, "c": 0.4598, "d": 17.26,
            "alpha": 0.5962, "beta": 0.3954, "lambda": -0.1666, "delta": 0.1603, "gamma": 0.1595,
        },
        "Abnar et al. 2025, arXiv 2501.12370",
        note="on held-out models with S = 0.98 its R2 is 0.68",
    ),
}  # fmt: skip

LAW = Sparse()
