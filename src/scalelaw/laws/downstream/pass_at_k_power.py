"""Share of problems solved in k samples, ln(-ln pass@k) = ln A + alpha ln C + beta ln k + delta ln C ln k."""

from dataclasses import dataclass

import numpy as np

from scalelaw.core.types import AnyArray, Array, Inputs
from scalelaw.laws._base import Coef, Law
from scalelaw.laws._chance import minus_log_of


@dataclass(frozen=True)
class PassAtKPower(Law):
    """The exponent of compute is ``alpha`` for one sample, and ``delta`` steeper for each e-fold of samples."""

    formula = "score = exp(-A C^(alpha + delta ln k) k^beta)"
    cite = "Krajewski et al. 2025, arXiv 2512.08894, eq. 5"
    output = "score"
    may_rise = ("flops", "samples")
    traps = (
        "score is pass@k: the share of problems that at least one of k samples solves",
        "rows of one model at several k are not independent; give them one run name",
    )

    @property
    def inputs(self) -> tuple[str, ...]:
        return ("flops", "samples")

    @property
    def coefs(self) -> tuple[Coef, ...]:
        return (
            Coef("A", "-ln of pass@1 at one FLOP", "FLOP^-alpha", linear=True),
            Coef("alpha", "exponent of compute for one sample", low=-np.inf, high=0.0, starts=(-0.5, -0.02)),
            Coef("beta", "exponent of samples at one FLOP", low=-np.inf, starts=(0.0, 1.5)),
            Coef("delta", "change of either exponent with the log of the other input", low=-np.inf, high=0.0,
                 starts=(-0.05, 0.0)),
        )  # fmt: skip

    def predict(self, coef: AnyArray, x: Inputs) -> AnyArray:
        """Evaluate the formula; see ``Law.predict``."""
        return np.asarray(np.exp(-self._exponent(coef, x)))

    def value_and_jacobian(self, coef: Array, x: Inputs) -> tuple[Array, Array]:
        """Return values (..., n) and derivatives (..., k, n); see ``Law.value_and_jacobian``."""
        exponent, slopes = self.inner(coef, x)
        value = np.exp(-exponent)
        return value, -value[..., None, :] * slopes

    def inner(self, coef: Array, x: Inputs) -> tuple[Array, Array]:
        """Return -ln pass@k and its derivatives; see ``Law.inner``."""
        flops, samples = np.log(x["flops"]), np.log(x["samples"])
        one = np.array(coef)
        one[..., 0] = 1.0
        unit = np.asarray(self._exponent(one, x))
        exponent = coef[..., :1] * unit
        return exponent, np.stack([unit, exponent * flops, exponent * samples, exponent * flops * samples], axis=-2)

    def to_inner(self, y: Array) -> Array:
        """Return -ln pass@k, with shares of zero and one moved inwards; see ``Law.to_inner``."""
        return minus_log_of(y, 0.0)

    def _exponent(self, coef: AnyArray, x: Inputs) -> AnyArray:
        scale, alpha, beta, delta = self.columns(coef)
        flops, samples = np.log(x["flops"]), np.log(x["samples"])
        return np.asarray(scale * np.exp((alpha + delta * samples) * flops + beta * samples))


LAW = PassAtKPower()
