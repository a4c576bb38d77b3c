"""BiMix, L(r, s) = (A / r^alpha) (B / s^beta + C): one domain by its share r and the steps s (Ge 2024)."""

from dataclasses import dataclass

import numpy as np

from scalelaw.core.types import AnyArray, Inputs
from scalelaw.laws._base import Coef, Law
from scalelaw.laws._math import power


@dataclass(frozen=True)
class Bimix(Law):
    """Loss on one domain, given its share of the mixture and the steps.

    Of A, B and C only the products A B and A C are determined: a fit fixes one, ``fixed={"A": 1}``.
    """

    formula = "L = (A / r^alpha) (B / s^beta + C)"
    cite = "Ge et al. 2024, BiMix, arXiv 2405.14908; the form is from memory"
    traps = (
        "only A B and A C are determined: fix A at one",
        "it takes only the domain's own share and ignores the effect of the other domains",
    )

    @property
    def inputs(self) -> tuple[str, ...]:
        return ("share", "steps")

    @property
    def coefs(self) -> tuple[Coef, ...]:
        return (
            Coef("A", "scale of the share", "1", starts=(0.5, 2.0), log=True),
            Coef("alpha", "exponent of the share", starts=(0.02, 0.5)),
            Coef("B", "loss from finite steps", "nats/token * steps^beta", linear=True),
            Coef("beta", "exponent of steps"),
            Coef("C", "loss that more steps do not remove", "nats/token", linear=True),
        )

    def predict(self, coef: AnyArray, x: Inputs) -> AnyArray:
        """Evaluate the formula; see ``Law.predict``."""
        a, alpha, b, beta, c = self.columns(coef)
        return np.asarray(a * power(x["share"], -alpha) * (b * power(x["steps"], -beta) + c))


LAW = Bimix()
