"""Broken neural scaling law: a power law whose exponent changes smoothly at each of ``breaks`` places."""

from dataclasses import dataclass

import numpy as np

from scalelaw.core.errors import BadInput
from scalelaw.core.quantities import quantity
from scalelaw.core.types import AnyArray, Inputs
from scalelaw.laws._base import Coef, OfOneInput
from scalelaw.laws._math import exp, log, softplus

_MOST_BREAKS = 5


@dataclass(frozen=True)
class Bnsl(OfOneInput):
    """Slopes -c0, -(c0 + c1), ... over log ``input``, joined at d1, d2, ...; smaller f1, f2, ... join more sharply."""

    breaks: int = 1
    input: str = "tokens"

    formula = "y = a + b x^-c0 prod_i (1 + (x / d_i)^(1 / f_i))^(-c_i f_i)"
    cite = "Caballero et al. 2023, arXiv 2210.14891, eq. 1"
    takes_curves = True
    traps = (
        "a break beyond the data cannot be seen in it: choose the number of breaks by extrapolation, not by fit",
        "negative c make y rise: with more breaks any curve is followed",
    )

    def __post_init__(self) -> None:
        if not 0 <= self.breaks <= _MOST_BREAKS:
            raise BadInput(f"breaks={self.breaks!r}: give 0 to {_MOST_BREAKS}")
        super().__post_init__()

    @property
    def may_rise(self) -> tuple[str, ...]:  # type: ignore[override]
        """Its input: slopes may have either sign."""
        return self.inputs

    @property
    def coefs(self) -> tuple[Coef, ...]:
        breaks = (
            each
            for i in range(1, self.breaks + 1)
            for each in (
                Coef(f"c{i}", f"change of exponent at break {i}", low=-np.inf, starts=(0.0, 1.0)),
                Coef(f"d{i}", f"place of break {i}", quantity(self.input).unit, within=self.input, log=True),
                Coef(f"f{i}", f"width of break {i}", low=1e-3, high=2.0, starts=(0.05, 1.0), log=True),
            )
        )
        return (
            Coef("a", "floor", "1", linear=True),
            Coef("b", "height above the floor at an input of one", f"{self.input}^c0", linear=True),
            Coef("c0", "first exponent", low=-np.inf, starts=(0.0, 1.0)),
            *breaks,
        )

    def predict(self, coef: AnyArray, x: Inputs) -> AnyArray:
        """Evaluate the formula; see ``Law.predict``."""
        a, b, c0, *breaks = self.columns(coef)
        at = np.log(x[self.input])
        fall = c0 * at
        for c, d, f in zip(breaks[::3], breaks[1::3], breaks[2::3], strict=True):
            fall = fall + c * f * softplus((at - log(d)) / f)
        return np.asarray(a + b * exp(-fall))


LAW = Bnsl()
