"""Rounding after training, dL = k D^alpha / (N^beta P^gamma) (Ouyang et al. 2024)."""

from collections.abc import Mapping
from dataclasses import dataclass

from scalelaw.core.types import AnyArray, Inputs
from scalelaw.laws._base import Coef, Constants, Law
from scalelaw.laws._math import power


@dataclass(frozen=True)
class Quantized(Law):
    """Loss added by rounding the weights of a trained model, which grows with training tokens; takes total N."""

    formula = "dL = k D^alpha / (N^beta P^gamma)"
    cite = "Ouyang et al. 2024, arXiv 2411.17691"
    output = "loss_increase"
    may_rise = ("tokens",)
    traps = (
        "it does not depend on the ratio of tokens to params alone, since their exponents differ",
        "it is added to the loss before rounding; low_precision[after=yes] is another law for the same effect",
    )

    @property
    def inputs(self) -> tuple[str, ...]:
        return ("params", "tokens", "bits_after")

    @property
    def coefs(self) -> tuple[Coef, ...]:
        return (
            Coef("k", "added loss at one parameter, one token and one bit", "nats/token * parameters^beta",
                 linear=True),
            Coef("alpha", "exponent of tokens"),
            Coef("beta", "exponent of params"),
            Coef("gamma", "exponent of bits", starts=(1.0, 8.0)),
        )  # fmt: skip

    def predict(self, coef: AnyArray, x: Inputs) -> AnyArray:
        """Evaluate the formula; see ``Law.predict``."""
        k, alpha, beta, gamma = self.columns(coef)
        return k * power(x["tokens"], alpha) * power(x["params"], -beta) * power(x["bits_after"], -gamma)

    @property
    def published(self) -> Mapping[str, Constants]:
        return _PUBLISHED


_PUBLISHED = {
    "ouyang2024": Constants(
        {"k": 0.017, "alpha": 0.5251, "beta": 0.2261, "gamma": 5.4967},
        "Ouyang et al. 2024, arXiv 2411.17691",
        note="Pythia rounded by GPTQ",
    ),
}

LAW = Quantized()
