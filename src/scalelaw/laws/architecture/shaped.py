"""Shape, L = E + A / N^alpha + B / D^beta + P (ln(width / layers) - m)^2: penalty of a bad aspect ratio."""

from dataclasses import dataclass

import numpy as np

from scalelaw.accounting.flops import counting_for
from scalelaw.core.types import AnyArray, Inputs
from scalelaw.laws._base import Coef, Law
from scalelaw.laws._math import log, power


@dataclass(frozen=True)
class Shaped(Law):
    """Chinchilla's law with a penalty of the aspect ratio; ``n`` is the kind of N it takes."""

    n: str = "params"

    formula = "L = E + A / N^alpha + B / D^beta + P (ln(W / layers) - m)^2"
    cite = "the penalty is ours, for models of many shapes such as McLeish et al. 2025, arXiv 2502.06857"
    may_rise = ("width", "layers")
    traps = ("it needs several shapes at one size; if width and layers follow from N, the penalty is undetermined",)

    def __post_init__(self) -> None:
        counting_for(self.n)

    @property
    def inputs(self) -> tuple[str, ...]:
        return (self.n, "tokens", "width", "layers")

    @property
    def coefs(self) -> tuple[Coef, ...]:
        return (
            Coef("E", "irreducible loss", "nats/token", linear=True),
            Coef("A", "loss from finite params", "nats/token * parameters^alpha", linear=True),
            Coef("B", "loss from finite tokens", "nats/token * tokens^beta", linear=True),
            Coef("alpha", "exponent of params"),
            Coef("beta", "exponent of tokens"),
            Coef("P", "loss from a shape e times too wide or too deep", "nats/token", linear=True),
            Coef("m", "log of the best width over layers", low=-np.inf, starts=(2.0, 6.0)),
        )

    def predict(self, coef: AnyArray, x: Inputs) -> AnyArray:
        """Evaluate the formula; see ``Law.predict``."""
        e, a, b, alpha, beta, penalty, best = self.columns(coef)
        off = log(x["width"] / x["layers"]) - best
        loss = e + a * power(x[self.n], -alpha) + b * power(x["tokens"], -beta)
        return np.asarray(loss + penalty * off**2)


LAW = Shaped()
