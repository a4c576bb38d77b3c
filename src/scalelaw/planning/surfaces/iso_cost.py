"""Loss surfaces of a law under the compute a table states; the optimum along each iso-cost line is numeric."""

from typing import final

import numpy as np

from scalelaw.accounting.flops import Counting
from scalelaw.core.types import Array
from scalelaw.fitting.iso_cost import best_split
from scalelaw.planning.surfaces.closed import ClosedForm, LawSurface, Solvable
from scalelaw.planning.surfaces.path import first_reaching
from scalelaw.planning.surfaces.surface import Points, Surface


@final
class IsoCost(LawSurface):
    """One law under a stated cost."""

    def optimum(self, flops: Array) -> tuple[Array, Array]:
        """Return N* (b, n) and its loss; NaN without a best split."""
        found = [best_split(self.law, self.coef, float(c), self.counting) for c in np.ravel(flops)]  # type: ignore[arg-type]
        return np.stack([params for params, _ in found], axis=1), np.stack([loss for _, loss in found], axis=1)

    def at_loss(self, loss: Array, around: float | None = None) -> Points:
        """Return the points where each law first reaches the loss; several laws need ``around``."""
        return first_reaching(self, "loss", loss, around=around)


def surface_of(law: Solvable, coef: Array, counting: Counting) -> Surface:
    """Return the surfaces of a law at vectors of coefficients, (b, k); in closed form if C = 6 N D."""
    return ClosedForm(law, coef, counting) if counting.cost is None else IsoCost(law, coef, counting)
