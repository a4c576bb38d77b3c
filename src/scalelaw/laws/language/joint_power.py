"""Product of powers of params and tokens, L(N, D) = E + A / (N^alpha D^beta), in which tokens can replace params."""

from dataclasses import dataclass

from scalelaw.laws._base import Coef, OfParamsAndTokens
from scalelaw.laws._powers import SumOfPowers, Term


@dataclass(frozen=True)
class JointPower(OfParamsAndTokens, SumOfPowers):
    """The excess falls as one product; ``n`` is the kind of N, by default with embeddings.

    With alpha = beta it is a power law in compute over a floor. It never has a compute-optimal split, since the input
    with the larger exponent takes all compute.
    """

    formula = "L = E + A / (N^alpha D^beta)"
    cite = "Zhang et al. 2024, arXiv 2402.17193, eq. 1: the multiplicative joint law, there of finetuning"

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
