"""Fine-grained experts, L(N, D, G) = c + (g / G^gamma + a) / N^alpha + b / D^beta (Krajewski et al. 2024)."""

from collections.abc import Mapping
from dataclasses import dataclass

from scalelaw.laws._base import Coef, Constants
from scalelaw.laws._powers import SumOfPowers, Term


@dataclass(frozen=True)
class FineGrained(SumOfPowers):
    """Mixture of experts each split into G; takes total N, which no dense law's N compares with."""

    formula = "L = c + (g / G^gamma + a) / N^alpha + b / D^beta"
    cite = "Krajewski et al. 2024, arXiv 2402.07871"
    traps = (
        "N is total; the dense model of the paper, chinchilla@krajewski2024-dense, takes another N",
        "finer experts look free: the cost of routing, which grows with G, is no part of it",
    )

    @property
    def inputs(self) -> tuple[str, ...]:
        return ("params", "tokens", "granularity")

    @property
    def coefs(self) -> tuple[Coef, ...]:
        return (
            Coef("c", "irreducible loss", "nats/token", linear=True),
            Coef("a", "loss from finite params", "nats/token * parameters^alpha", linear=True),
            Coef("g", "loss from coarse experts", "nats/token * parameters^alpha", linear=True),
            Coef("b", "loss from finite tokens", "nats/token * tokens^beta", linear=True),
            Coef("alpha", "exponent of params"),
            Coef("gamma", "exponent of granularity"),
            Coef("beta", "exponent of tokens"),
        )

    @property
    def terms(self) -> tuple[Term, ...]:
        return (
            Term("c"),
            Term("a", {"params": "alpha"}),
            Term("g", {"params": "alpha", "granularity": "gamma"}),
            Term("b", {"tokens": "beta"}),
        )

    @property
    def published(self) -> Mapping[str, Constants]:
        return _PUBLISHED


_PUBLISHED = {
    "krajewski2024": Constants(
        {"c": 0.47, "a": 18.1, "g": 2.1, "b": 30.8, "alpha": 0.115, "gamma": 0.58, "beta": 0.147},
        "Krajewski et al. 2024, arXiv 2402.07871",
        {"params": (1.29e8, 3.7e9), "tokens": (1.6e10, 1.3e11)},
        note="64 times the width in experts",
    ),
}

LAW = FineGrained()
