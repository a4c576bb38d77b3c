"""M3, a power law with a ceiling, y = b (1/x + g)^c; M1 and M2 are ``power`` without and with its floor."""

from dataclasses import dataclass

from scalelaw.core.quantities import quantity
from scalelaw.core.types import AnyArray, Inputs
from scalelaw.laws._base import Coef, OfOneInput
from scalelaw.laws._math import power


@dataclass(frozen=True)
class M3(OfOneInput):
    """A power of ``input`` that levels off at b g^c beyond an input of 1/g."""

    input: str = "tokens"

    formula = "y = b (1/x + g)^c"
    cite = "Alabdulmohsin et al. 2022, arXiv 2209.06640, table 1"
    takes_curves = True

    @property
    def coefs(self) -> tuple[Coef, ...]:
        unit = quantity(self.input).unit
        return (
            Coef("b", "value at an input of one", f"{unit}^c", linear=True),
            Coef("g", "inverse of the input where the curve levels off", f"1/{unit}", starts=(1e-13, 1e-1), log=True),
            Coef("c", "exponent"),
        )

    def predict(self, coef: AnyArray, x: Inputs) -> AnyArray:
        """Evaluate the formula; see ``Law.predict``."""
        b, g, c = self.columns(coef)
        return b * power(1 / x[self.input] + g, c)


LAW = M3()
