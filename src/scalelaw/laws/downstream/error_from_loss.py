"""Average top-1 error from loss, err = epsilon - k exp(-gamma L) (Gadre et al. 2024)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from scalelaw.core.quantities import quantity
from scalelaw.core.types import AnyArray, Inputs
from scalelaw.laws._base import Coef, Constants, OfOneInput
from scalelaw.laws._math import exp


@dataclass(frozen=True)
class ErrorFromLoss(OfOneInput):
    """Average error of a benchmark suite: ``epsilon`` minus k times perplexity to the power -gamma."""

    input: str = "loss"

    formula = "err = epsilon - k exp(-gamma L)"
    cite = "Gadre et al. 2024, arXiv 2403.08540, eq. 5"
    output = "error"
    may_rise: ClassVar[tuple[str, ...]] = ("loss", "bpb")
    traps = ("constants are for one suite and one evaluation loss, and do not apply to others",)

    @property
    def coefs(self) -> tuple[Coef, ...]:
        return (
            Coef("epsilon", "error of a model that has learned nothing", "1", linear=True),
            Coef("k", "error at chance minus error at zero loss", "1", linear=True),
            Coef("gamma", f"rate at which error changes with {self.input}", f"1/({quantity(self.input).unit})",
                 starts=(0.1, 3.0)),
        )  # fmt: skip

    def predict(self, coef: AnyArray, x: Inputs) -> AnyArray:
        """Evaluate the formula; see ``Law.predict``."""
        epsilon, k, gamma = self.columns(coef)
        return np.asarray(epsilon - k * exp(-gamma * x[self.input]))

    @property
    def published(self) -> Mapping[str, Constants]:
        return _PUBLISHED if self.input == "loss" else {}


def _gadre(k: float, gamma: float, epsilon: float, data: str, tasks: int) -> Constants:
    return Constants(
        {"epsilon": epsilon, "k": k, "gamma": gamma},
        "Gadre et al. 2024, arXiv 2403.08540, table of fits",
        note=f"trained on {data}, loss on C4 eval, average of {tasks} tasks",
    )


_PUBLISHED = {
    "gadre2024-c4": _gadre(2.079, 0.756, 0.850, "C4", 17),
    "gadre2024-redpajama": _gadre(2.206, 0.715, 0.857, "RedPajama", 17),
    "gadre2024-refinedweb": _gadre(2.215, 0.707, 0.865, "RefinedWeb", 17),
    "gadre2024-c4-46": _gadre(1.289, 0.972, 0.759, "C4", 46),
    "gadre2024-redpajama-46": _gadre(1.323, 0.891, 0.761, "RedPajama", 46),
    "gadre2024-refinedweb-46": _gadre(1.128, 0.822, 0.768, "RefinedWeb", 46),
}

LAW = ErrorFromLoss()
