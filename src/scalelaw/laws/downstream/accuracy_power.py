"""Accuracy from compute alone, -ln q = A / C^alpha with q the score above chance (Krajewski et al. 2025)."""

from dataclasses import dataclass

from scalelaw.core.quantities import quantity
from scalelaw.laws._base import Coef, OfOneInput
from scalelaw.laws._chance import AboveChance, ExponentialOfPowers
from scalelaw.laws._powers import Term


@dataclass(frozen=True)
class AccuracyPower(OfOneInput, ExponentialOfPowers):
    """An S-shaped curve in ln C from ``chance`` to one, or with ``ceiling=True`` to g + (1 - g) exp(-E)."""

    input: str = "flops"
    ceiling: bool = False

    formula = "score = g + (1 - g) exp(-A / C^alpha [- E])"
    cite = "Krajewski et al. 2025, arXiv 2512.08894, eq. 2; ceiling: its appendix"
    traps = (
        "of compute it holds at one ratio of tokens to params only; accuracy_joint_power takes any",
        "runs near chance decide the exponent unless they weigh what their items allow: use beta-binomial noise",
    )

    def __post_init__(self) -> None:
        AboveChance.__post_init__(self)
        OfOneInput.__post_init__(self)

    @property
    def coefs(self) -> tuple[Coef, ...]:
        ceiling = (Coef("E", "-ln of the best score above chance", linear=True),) if self.ceiling else ()
        return (
            Coef("A", "-ln of the score above chance at an input of one", f"{quantity(self.input).unit}^alpha",
                 linear=True),
            Coef("alpha", f"exponent of {self.input}"),
            *ceiling,
        )  # fmt: skip

    @property
    def terms(self) -> tuple[Term, ...]:
        return (Term("A", {self.input: "alpha"}), *((Term("E"),) if self.ceiling else ()))


LAW = AccuracyPower()
