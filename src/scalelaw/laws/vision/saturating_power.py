"""Zhai's law, err = a (C + d)^-b + c, where d bounds the error at chance level and c is the floor."""

from collections.abc import Mapping
from dataclasses import dataclass

from scalelaw.core.quantities import quantity
from scalelaw.core.types import AnyArray, Inputs
from scalelaw.laws._base import Coef, Constants, OfOneInput
from scalelaw.laws._math import power


@dataclass(frozen=True)
class SaturatingPower(OfOneInput):
    """Error of the best run at each compute: a power of ``input`` + ``d``, plus a floor."""

    input: str = "core_days"

    formula = "err = a (C + d)^-b + c"
    cite = "Zhai et al. 2022, arXiv 2106.04560, section 3"
    output = "error"
    traps = ("C is time on TPUv3 cores, not FLOP", "fit only points on the Pareto frontier of compute")

    @property
    def coefs(self) -> tuple[Coef, ...]:
        unit = quantity(self.input).unit
        return (
            Coef("c", "floor", linear=True),
            Coef("a", "error above the floor at an input of one", f"{unit}^b", linear=True),
            Coef("b", "exponent"),
            Coef("d", "input below which nothing is learned", unit, starts=(1e-3, 1e3), log=True),
        )

    def predict(self, coef: AnyArray, x: Inputs) -> AnyArray:
        """Evaluate the formula; see ``Law.predict``."""
        c, a, b, d = self.columns(coef)
        return a * power(x[self.input] + d, -b) + c

    @property
    def published(self) -> Mapping[str, Constants]:
        return _PUBLISHED if self.input == "core_days" else {}


_RANGE = {"core_days": (1.0, 1e4)}
_PUBLISHED = {
    "zhai2021-finetune": Constants(
        {"c": 0.09, "a": 0.26, "b": 0.35, "d": 0.01},
        "Zhai et al. 2022, arXiv 2106.04560, figure 1: ImageNet, fine-tuned",
        _RANGE,
    ),
    "zhai2021-10shot": Constants(
        {"c": 0.12, "a": 0.63, "b": 0.32, "d": 0.52}, "Zhai et al. 2022, arXiv 2106.04560: ImageNet, 10 shots", _RANGE
    ),
}

LAW = SaturatingPower()
