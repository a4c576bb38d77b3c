"""Accuracy from params and tokens, -ln q = A / N^alpha + B / D^beta (Krajewski et al. 2025)."""

from dataclasses import dataclass

from scalelaw.accounting.flops import counting_for
from scalelaw.laws._base import Coef
from scalelaw.laws._chance import AboveChance, ExponentialOfPowers
from scalelaw.laws._powers import Term


@dataclass(frozen=True)
class AccuracyJointPower(ExponentialOfPowers):
    """Two powers in the exponent of the score above ``chance``; ``ceiling=True`` adds E, a ceiling below one."""

    n: str = "params"
    ceiling: bool = False

    formula = "score = g + (1 - g) exp(-A / N^alpha - B / D^beta [- E])"
    cite = "Krajewski et al. 2025, arXiv 2512.08894, eq. 4; ceiling: its appendix"
    traps = ("without a ceiling the score tends to one, which wrong labels prevent; compare both on held-out runs",)

    def __post_init__(self) -> None:
        AboveChance.__post_init__(self)
        counting_for(self.n)

    @property
    def inputs(self) -> tuple[str, ...]:
        return (self.n, "tokens")

    @property
    def coefs(self) -> tuple[Coef, ...]:
        ceiling = (Coef("E", "-ln of the best score above chance", linear=True),) if self.ceiling else ()
        return (
            Coef("A", "-ln of the score above chance from finite params", "parameters^alpha", linear=True),
            Coef("B", "-ln of the score above chance from finite tokens", "tokens^beta", linear=True),
            Coef("alpha", "exponent of params"),
            Coef("beta", "exponent of tokens"),
            *ceiling,
        )

    @property
    def terms(self) -> tuple[Term, ...]:
        ceiling = (Term("E"),) if self.ceiling else ()
        return (Term("A", {self.n: "alpha"}), Term("B", {"tokens": "beta"}), *ceiling)


LAW = AccuracyJointPower()
