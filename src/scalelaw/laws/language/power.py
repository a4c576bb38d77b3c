"""One power law, L(x) = E + A / x^alpha, of any one input, with or without the floor E."""

from collections.abc import Mapping
from dataclasses import dataclass

from scalelaw.core.numbers import PF_DAY
from scalelaw.laws._base import Coef, Constants, Law, OfOneInput
from scalelaw.laws._powers import SumOfPowers, Term


@dataclass(frozen=True)
class Power(OfOneInput, SumOfPowers):
    """A power of ``input``; ``floor=False`` drops E."""

    input: str = "flops"
    floor: bool = True

    formula = "L = E + A / x^alpha"
    cite = "Kaplan et al. 2020, arXiv 2001.08361, eqs. 1.1-1.3; floor: Henighan et al. 2020, arXiv 2010.14701"

    @property
    def coefs(self) -> tuple[Coef, ...]:
        floor = (Coef("E", "irreducible loss", "nats/token", linear=True),) if self.floor else ()
        return (
            *floor,
            Coef("A", f"loss from finite {self.input}", f"nats/token * {self.input}^alpha", linear=True),
            Coef("alpha", f"exponent of {self.input}"),
        )

    @property
    def terms(self) -> tuple[Term, ...]:
        return (*((Term("E"),) if self.floor else ()), Term("A", {self.input: "alpha"}))

    @property
    def shapes(self) -> tuple[Law, ...]:
        return (self, *(Power(name, floor=False) for name in _PUBLISHED))

    @property
    def published(self) -> Mapping[str, Constants]:
        return {} if self.floor else _PUBLISHED.get(self.input, {})


def _kaplan(scale: float, alpha: float, equation: str, note: str = "") -> Constants:
    """Return (scale / x)^alpha as A / x^alpha."""
    return Constants(
        {"A": scale**alpha, "alpha": alpha}, f"Kaplan et al. 2020, arXiv 2001.08361, {equation}", note=note
    )


_PUBLISHED = {
    "params_non_embedding": {"kaplan2020": _kaplan(8.8e13, 0.076, "eq. 1.1")},
    "tokens": {"kaplan2020": _kaplan(5.4e13, 0.095, "eq. 1.2")},
    "flops": {
        "kaplan2020": _kaplan(
            1.6e7 * PF_DAY, 0.057, "section 6", "raw compute 6 N B S at a fixed batch, N without embeddings"
        ),
        "kaplan2020-cmin": _kaplan(
            3.1e8 * PF_DAY,
            0.050,
            "eq. 1.3",
            "C_min, the compute at a batch far below critical; N without embeddings",
        ),
    },
}

LAW = Power()
