"""One power of params and tokens together, L(N, D) = E + A / (N^alpha D^beta): one lack makes up for the other."""

from dataclasses import dataclass

from scalelaw.accounting.flops import counting_for
from scalelaw.laws._base import Coef
from scalelaw.laws._powers import SumOfPowers, Term


@dataclass(frozen=True)
class JointPower(SumOfPowers):
    """The excess falls as one product; ``n`` is the kind of N it takes, with embeddings unless said.

    With alpha = beta it is a power law in compute over a floor. It has no compute-optimal split otherwise either: the
    axis with the larger exponent takes all.
    """

    n: str = "params"

    formula = "L = E + A / (N^alpha D^beta)"
    cite = "Zhang et al. 2024, arXiv 2402.17193, eq. 1: the multiplicative joint law, there of finetuning"

    def __post_init__(self) -> None:
        counting_for(self.n)

    @property
    def inputs(self) -> tuple[str, ...]:
        return (self.n, "tokens")

    @property
    def coefs(self) -> tuple[Coef, ...]:
        return (
            Coef("E", "irreducible loss", "nats/token", linear=True),
            Coef("A", "excess at one param and one token", "nats/token * parameters^alpha tokens^beta", linear=True),
            Coef("alpha", "exponent of params"),
            Coef("beta", "exponent of tokens"),
        )

    @property
    def terms(self) -> tuple[Term, ...]:
        return (Term("E"), Term("A", {self.n: "alpha", "tokens": "beta"}))


LAW = JointPower()
