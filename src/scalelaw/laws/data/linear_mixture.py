"""Linear regression of loss on the mixture, L(r) = sum_j w_j r_j over the shares r of the domains (Liu et al. 2024)."""

from dataclasses import dataclass

import numpy as np

from scalelaw.core.errors import BadInput
from scalelaw.core.types import AnyArray, Inputs
from scalelaw.laws._base import Coef, OfMixture


@dataclass(frozen=True)
class LinearMixture(OfMixture):
    """RegMix's linear model over ``domains``: small proxy models rank the mixtures of a large model.

    ``intercept=yes`` adds an intercept, which is determined only if rounded shares do not sum to one.
    """

    intercept: bool = False

    formula = "L = sum_j w_j r_j"
    cite = "Liu et al. 2024, arXiv 2407.01492"
    may_rise = ("mixture",)
    traps = (
        "an intercept equals a shift of every w by the same number, since shares sum to one",
        "it ranks mixtures; the losses of a larger model differ",
    )

    def __post_init__(self) -> None:
        if self.domains < 2:
            raise BadInput(f"linear_mixture takes 2 domains or more, got {self.domains}")

    @property
    def coefs(self) -> tuple[Coef, ...]:
        base = (Coef("b", "intercept of the loss", "nats/token", low=-np.inf, linear=True),) if self.intercept else ()
        return base + tuple(
            Coef(f"w_{j + 1}", f"loss on domain {j + 1} alone", "nats/token", low=-np.inf, linear=True)
            for j in range(self.domains)
        )

    def predict(self, coef: AnyArray, x: Inputs) -> AnyArray:
        """Evaluate the formula; see ``Law.predict``."""
        weights = coef[..., None, int(self.intercept) :]
        loss = (weights * np.asarray(x["mixture"])).sum(axis=-1)
        return np.asarray(loss + coef[..., :1] if self.intercept else loss)


LAW = LinearMixture()
