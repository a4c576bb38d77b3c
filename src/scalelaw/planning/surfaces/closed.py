"""Loss surfaces of laws with a closed-form compute-optimal split."""

from dataclasses import dataclass
from typing import Protocol, final, runtime_checkable

import numpy as np

from scalelaw.accounting.flops import FLOPS_PER_PARAM_TOKEN, Counting
from scalelaw.core.nouns.brief import Brief
from scalelaw.core.types import Array, Inputs
from scalelaw.laws import HasOptimum, Law
from scalelaw.planning.surfaces.surface import Points


@runtime_checkable
class HasLaw(Protocol):
    """A forecaster with a single law: a fit, or published constants."""

    @property
    def law(self) -> Law:
        """The law."""

    @property
    def coef(self) -> Array:
        """Its coefficients, shape (k,)."""

    @property
    def draws(self) -> Array | None:
        """Draws of the coefficients, shape (b, k), or None."""


@runtime_checkable
class Solvable(HasOptimum, Protocol):
    """A law with a closed-form optimum."""

    def predict(self, coef: Array, x: Inputs) -> Array:
        """Return the law's values (..., n) at coefficients (..., k)."""


@dataclass(frozen=True, eq=False)
class LawSurface(Brief):
    """One law at b vectors of coefficients; subclasses find its optimum.

    Attributes:
        law: the law.
        coef: coefficients, shape (b, k).
        counting: convention that gives C from N and D; also names the kind of N.
    """

    law: Solvable
    coef: Array
    counting: Counting

    @property
    def size(self) -> int:
        """The number of coefficient vectors."""
        return len(self.coef)

    @np.errstate(all="ignore")
    def loss(self, params: Array, tokens: Array) -> Array:
        """Return the loss (b, n) at n points, or at points (b, n) of each surface; infinite if it overflows."""
        return np.asarray(self.law.predict(self.coef, {self.counting.params: params, "tokens": tokens}))


@final
class ClosedForm(LawSurface):
    """One law whose optimum at C = 6 N D is known in closed form."""

    def optimum(self, flops: Array) -> tuple[Array, Array]:
        """Return N* (b, n) and its loss; NaN without a best split, as when an exponent or a scale is zero."""
        with np.errstate(all="ignore"):
            params, tokens = self.law.optimum(self.coef[:, None, :], flops, FLOPS_PER_PARAM_TOKEN)
            usable = np.isfinite(params) & np.isfinite(tokens) & (params > 0) & (tokens > 0)
            params = np.where(usable, params, np.nan)
            return params, self.loss(params, np.where(usable, tokens, np.nan))

    def at_loss(self, loss: Array, around: float | None = None) -> Points:
        """Return the points where each law first reaches the loss; exact, so ``around`` is not used."""
        sound = ~np.isnan(self.optimum(np.full(1, 1e21))[0][:, 0])
        with np.errstate(all="ignore"):
            flops = np.where(sound, self.law.flops_for_loss(self.coef, loss, FLOPS_PER_PARAM_TOKEN), np.nan)
            params, tokens = self.law.optimum(self.coef, flops, FLOPS_PER_PARAM_TOKEN)
        never = np.isinf(flops)
        return Points(np.where(never, np.inf, params), np.where(never, np.inf, tokens), flops)
