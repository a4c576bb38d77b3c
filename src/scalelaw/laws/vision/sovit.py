"""SoViT: loss along one shape dimension x and compute, alpha x^-a + (beta x^b + xi) C^-c + epsilon."""

from dataclasses import dataclass

import numpy as np

from scalelaw.core.quantities import quantity
from scalelaw.core.types import AnyArray, Array, Inputs
from scalelaw.laws._base import Coef, Law
from scalelaw.laws._math import power


@dataclass(frozen=True)
class Sovit(Law):
    """Loss along one ``dimension`` of the shape: a small value limits the model, a large one costs more compute."""

    dimension: str = "width"

    formula = "err = alpha x^-a + (beta x^b + xi) C^-c + epsilon"
    cite = "Alabdulmohsin et al. 2023, arXiv 2305.13035, eq. 1"
    output = "error"
    traps = ("each dimension is swept around one centre; then all are scaled together, each by its s",)

    @property
    def inputs(self) -> tuple[str, ...]:
        return (self.dimension, "flops")

    @property
    def may_rise(self) -> tuple[str, ...]:  # type: ignore[override]
        """The dimension."""
        return (self.dimension,)

    @property
    def coefs(self) -> tuple[Coef, ...]:
        unit = quantity(self.dimension).unit
        return (
            Coef("epsilon", "irreducible error", linear=True),
            Coef("alpha", f"error from too small a {self.dimension}", f"{unit}^a", linear=True),
            Coef("beta", f"error from too large a {self.dimension}", f"FLOP^c / {unit}^b", linear=True),
            Coef("xi", "error from finite compute", "FLOP^c", linear=True),
            Coef("a", f"exponent of too small a {self.dimension}"),
            Coef("b", f"exponent of too large a {self.dimension}"),
            Coef("c", "exponent of compute"),
        )

    def predict(self, coef: AnyArray, x: Inputs) -> AnyArray:
        """Evaluate the formula; see ``Law.predict``."""
        epsilon, alpha, beta, xi, a, b, c = self.columns(coef)
        size = x[self.dimension]
        return np.asarray(alpha * power(size, -a) + (beta * power(size, b) + xi) * power(x["flops"], -c) + epsilon)

    def best(self, coef: Array, flops: Array) -> Array:
        """Return the dimension of least error at this compute, (alpha a / (beta b) C^c)^(1 / (a + b)) ~ C^s.

        Args:
            coef: (..., 7).
            flops: C, (...).
        """
        _, alpha, beta, _, a, b, c = np.moveaxis(coef, -1, 0)
        return np.asarray((alpha * a / (beta * b) * np.asarray(flops) ** c) ** (1 / (a + b)))

    def rate(self, coef: Array) -> Array:
        """Return s = c / (a + b), the exponent by which the best dimension grows with compute."""
        return np.asarray(coef[..., 6] / (coef[..., 4] + coef[..., 5]))


LAW = Sovit()
