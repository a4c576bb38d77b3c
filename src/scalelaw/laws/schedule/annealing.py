"""Loss along a schedule, L0 + A S1^-alpha - C S2, from the area S1 under the learning rate and its annealing S2."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from scalelaw.core.types import AnyArray, Inputs
from scalelaw.laws._base import Coef, Constants, Law
from scalelaw.laws._math import power


@dataclass(frozen=True)
class Annealing(Law):
    """Loss at every step of a run under any schedule; ``sized`` adds B N^-beta for runs of several sizes.

    S1 and S2 follow from a table of curves with steps and ``lr_now``, or from a plan by ``Schedule.features``.
    """

    sized: bool = False

    formula = "L = L0 + A S1^-alpha - C S2 (+ B N^-beta)"
    cite = "Tissue et al. 2024, arXiv 2408.11029, eq. 1"
    takes_curves = True
    traps = (
        "S1 includes the warmup, but S2 does not; leave the rows of the warmup out of the fit",
        "S2 grows with ever steeper decay, so do not optimise schedules freely with it",
        "A, C and S1 hold for one batch and peak rate, since they count steps",
        "the momentum of S2, 0.999, is part of the features",
    )

    @property
    def inputs(self) -> tuple[str, ...]:
        return ("lr_area", "lr_annealing", *(("params_non_embedding",) if self.sized else ()))

    @property
    def coefs(self) -> tuple[Coef, ...]:
        size = (
            Coef("B", "loss from finite params", "nats/token * parameters^beta", linear=True),
            Coef("beta", "exponent of params"),
        )
        return (
            Coef("L0", "loss of long training without annealing", "nats/token", linear=True),
            Coef("A", "loss from little training", "nats/token", linear=True),
            Coef("C", "loss saved by annealing", "nats/token", linear=True),
            Coef("alpha", "exponent of the area"),
            *(size if self.sized else ()),
        )

    def predict(self, coef: AnyArray, x: Inputs) -> AnyArray:
        """Evaluate the formula; see ``Law.predict``."""
        level, a, c, alpha, *size = self.columns(coef)
        loss = level + a * power(x["lr_area"], -alpha) - c * x["lr_annealing"]
        return np.asarray(loss + size[0] * power(x["params_non_embedding"], -size[1]) if size else loss)

    @property
    def published(self) -> Mapping[str, Constants]:
        return {} if self.sized else _PUBLISHED

    @property
    def shapes(self) -> tuple[Law, ...]:
        return (self, Annealing(sized=not self.sized))


_PUBLISHED = {
    "tissue2024": Constants(
        {"L0": 2.628, "A": 0.429, "C": 0.411, "alpha": 0.550},
        "Tissue et al. 2024, arXiv 2408.11029, an example, from memory",
        note="one model and one batch",
        unverified=True,
        conditions={"batch": "not recorded in our source", "schedule": "any, without its warmup"},
    )
}

LAW = Annealing()
