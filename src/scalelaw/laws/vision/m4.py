"""M4, a sigmoid of log input between guessing and floor, (y - y_inf) / (y_0 - y)^a = (x / d)^-c."""

from dataclasses import dataclass

import numpy as np

from scalelaw.core.quantities import quantity
from scalelaw.core.types import AnyArray, Array, Inputs
from scalelaw.laws._base import Coef, OfOneInput
from scalelaw.laws._math import expit, log, softplus

_STEPS = 60
_SETTLED = 1e-24


@dataclass(frozen=True)
class M4(OfOneInput):
    """A curve that falls late from the level of guessing ``y_0``; ``a`` = 0 is a power over the floor ``y_inf``.

    The paper writes the right side as b x^-c; here b = d^c, since d is an input value, which fits can start from.
    """

    input: str = "tokens"

    formula = "(y - y_inf) / (y_0 - y)^a = (x / d)^-c"
    cite = "Alabdulmohsin et al. 2022, arXiv 2209.06640, eq. 2"
    takes_curves = True
    traps = ("its exponent is far steeper than that of M1 on the same curve: compare extrapolations, not exponents",)

    @property
    def coefs(self) -> tuple[Coef, ...]:
        return (
            Coef("y_inf", "floor", starts=(1e-3, 0.5), log=True),
            Coef("y_0", "level of guessing", starts=(0.5, 10.0), log=True),
            Coef("a", "delay of the fall from guessing; 0 gives a power", low=1e-3, starts=(0.05, 2.0)),
            Coef("d", "input at which the right side is one", quantity(self.input).unit, within=self.input, log=True),
            Coef("c", "exponent"),
        )

    def predict(self, coef: AnyArray, x: Inputs) -> AnyArray:
        """Return y = y_inf + (y_0 - y_inf) s with s = expit(t), t + (a - 1) softplus(t) = goal; see ``Law.predict``.

        One more Newton step, in complex arithmetic, gives the derivatives by complex step.
        """
        floor, top, a, *_ = self.columns(coef)
        goal = self._goal(coef, x)
        t = _solved(np.real(a), np.real(goal))
        t = t - (t + (a - 1) * softplus(t) - goal) / (1 + (a - 1) * expit(t))
        return np.asarray(floor + (top - floor) * expit(t))

    def value_and_jacobian(self, coef: Array, x: Inputs) -> tuple[Array, Array]:
        """Return values (..., n) and derivatives (..., k, n), by differentiating the equation for t."""
        floor, top, a, d, c = self.columns(coef)
        t = _solved(a, self._goal(coef, x))
        s, span = expit(t), top - floor
        pace = span * s * (1 - s) / (1 + (a - 1) * s)
        moved = pace * (a - 1) / span
        slopes = (
            1 - s - moved,
            s + moved,
            pace * (log(span) - softplus(t)),
            pace * c / d,
            -pace * np.log(x[self.input] / d),
        )
        return np.asarray(floor + span * s), np.stack(slopes, axis=-2)

    def _goal(self, coef: AnyArray, x: Inputs) -> AnyArray:
        """Return log((x / d)^-c (y_0 - y_inf)^(a - 1)), (..., n)."""
        floor, top, a, d, c = self.columns(coef)
        return np.asarray(-c * (np.log(x[self.input]) - log(d)) + (a - 1) * log(top - floor))


def _solved(a: Array, goal: Array) -> Array:
    """Return t of t + (a - 1) softplus(t) = goal by Newton's method, from the side where it cannot overshoot.

    The left side rises. It is convex for a > 1, which needs a start above the root, and else concave.
    """
    above = np.where(goal > 0, goal / a, goal)
    shifted = goal - a * np.log(2)
    below = np.where(shifted > 0, shifted / a, shifted)
    t = np.where(a > 1, above, below)
    for _ in range(_STEPS):
        step = (t + (a - 1) * softplus(t) - goal) / (1 + (a - 1) * expit(t))
        t = t - step
        if np.all(step * step <= _SETTLED * (1 + t * t)):
            break
    return np.asarray(t)


LAW = M4()
