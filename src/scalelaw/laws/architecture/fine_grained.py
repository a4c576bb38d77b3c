"""Fine-grained experts, L(N, D, G) = c + (g / G^gamma + a) / N^alpha + b / D^beta (Krajewski et al. 2024)."""

from collections.abc import Mapping
from dataclasses import dataclass

from scalelaw.laws._base import Coef, Constants, Law
from scalelaw.laws._powers import SumOfPowers, Term


@dataclass(frozen=True)
class FineGrained(SumOfPowers):
    """Mixture of experts, each split into G; takes total N, which cannot be compared with the N of dense laws.

    ``dense=yes`` is the law of the paper's dense models, without G.
    """

    dense: bool = False

    formula = "L = c + (g / G^gamma + a) / N^alpha + b / D^beta"
    cite = "Krajewski et al. 2024, arXiv 2402.07871"
    traps = (
        "N is total; the dense models of the same paper, fine_grained[dense=yes], use another N",
        "finer experts look free, since it leaves out the cost of routing, which grows with G",
    )

    @property
    def inputs(self) -> tuple[str, ...]:
        return ("params", "tokens") if self.dense else ("params", "tokens", "granularity")

    @property
    def coefs(self) -> tuple[Coef, ...]:
        coefs = (
            Coef("c", "irreducible loss", "nats/token", linear=True),
            Coef("a", "loss from finite params", "nats/token * parameters^alpha", linear=True),
            Coef("g", "loss from coarse experts", "nats/token * parameters^alpha", linear=True),
            Coef("b", "loss from finite tokens", "nats/token * tokens^beta", linear=True),
            Coef("alpha", "exponent of params"),
            Coef("gamma", "exponent of granularity"),
            Coef("beta", "exponent of tokens"),
        )
        return tuple(coef for coef in coefs if not (self.dense and coef.name in ("g", "gamma")))

    @property
    def terms(self) -> tuple[Term, ...]:
        coarse = () if self.dense else (Term("g", {"params": "alpha", "granularity": "gamma"}),)
        return (Term("c"), Term("a", {"params": "alpha"}), *coarse, Term("b", {"tokens": "beta"}))

    @property
    def shapes(self) -> tuple[Law, ...]:
        return (self, FineGrained(dense=True))

    @property
    def published(self) -> Mapping[str, Constants]:
        return _PUBLISHED[self.dense]


_SOURCE = "Krajewski et al. 2024, arXiv 2402.07871"
_DOMAIN = {"params": (1.29e8, 3.7e9), "tokens": (1.6e10, 1.3e11)}
_PUBLISHED = {
    False: {
        "krajewski2024": Constants(
            {"c": 0.47, "a": 18.1, "g": 2.1, "b": 30.8, "alpha": 0.115, "gamma": 0.58, "beta": 0.147},
            _SOURCE, _DOMAIN, "64 times the width in experts",
        ),
    },
    True: {
        "krajewski2024": Constants(
            {"c": 0.47, "a": 16.3, "b": 26.7, "alpha": 0.126, "beta": 0.127}, _SOURCE, _DOMAIN, "N of dense models"
        ),
    },
}  # fmt: skip

LAW = FineGrained()
