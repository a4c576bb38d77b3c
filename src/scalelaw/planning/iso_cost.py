"""Loss surfaces of a law with a closed-form optimum, as a table's own compute has it: along iso-cost lines, numeric."""

from dataclasses import dataclass

import numpy as np

from scalelaw.accounting.flops import Counting
from scalelaw.core.types import Array
from scalelaw.fitting.iso_cost import best_split
from scalelaw.planning.closed import ClosedForm, Solvable
from scalelaw.planning.path import first_reaching
from scalelaw.planning.surface import Points, Surface


@dataclass(frozen=True, eq=False)
class IsoCost:
    """One law at b vectors of coefficients, under a stated cost.

    Attributes:
        law: the law.
        coef: shape (b, k).
        counting: how C follows from N and D; also which N the law takes.
    """

    law: Solvable
    coef: Array
    counting: Counting

    @property
    def size(self) -> int:
        """The number of coefficient vectors."""
        return len(self.coef)

    def loss(self, params: Array, tokens: Array) -> Array:
        """Return the loss (b, n) at n points, or at points (b, n) of each surface's own."""
        return np.asarray(self.law.predict(self.coef, {self.counting.params: params, "tokens": tokens}))

    def optimum(self, flops: Array) -> tuple[Array, Array]:
        """Return N* (b, n) and the loss there; NaN where no split is best."""
        found = [best_split(self.law, self.coef, float(c), self.counting) for c in np.ravel(flops)]  # type: ignore[arg-type]
        return np.stack([params for params, _ in found], axis=1), np.stack([loss for _, loss in found], axis=1)

    def at_loss(self, loss: Array, around: float | None = None) -> Points:
        """Return where each law first reaches the loss; ``around`` is needed where there are several."""
        return first_reaching(self, "loss", loss, around=around)


def surface_of(law: Solvable, coef: Array, counting: Counting) -> Surface:
    """Return the surfaces of a law at vectors of coefficients, (b, k): in closed form where C = 6 N D."""
    return ClosedForm(law, coef, counting) if counting.cost is None else IsoCost(law, coef, counting)
