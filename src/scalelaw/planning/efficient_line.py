"""The compute-optimal line: the best N, D and loss at each of many budgets."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from scalelaw.core.forecaster import Forecaster
from scalelaw.core.nouns.brief import Brief
from scalelaw.core.nouns.tabular import Columns, Tabular
from scalelaw.core.numbers import counted
from scalelaw.core.types import Array
from scalelaw.planning.loss_surfaces import survey
from scalelaw.planning.surfaces.path import optimal_path


@dataclass(frozen=True, eq=False)
class Frontier(Brief, Tabular):
    """The efficient line at n budgets, each of shape (n,); NaN without a best split.

    Attributes:
        params: N*, in the kind of N the forecaster takes.
        tokens: D*.
        loss: the loss there, in the forecaster's unit.
    """

    params: Array
    tokens: Array
    loss: Array

    def __iter__(self) -> Iterator[Array]:
        """Yield params, tokens and loss, so that the line unpacks into three arrays."""
        return iter((self.params, self.tokens, self.loss))

    def in_brief(self) -> str:
        """Return the smallest and the largest loss, which ``repr`` shows."""
        known = self.loss[np.isfinite(self.loss)]
        loss = f"loss {known.max():.4g} to {known.min():.4g}" if len(known) else "no best split"
        return f"{counted(len(self.loss), 'budget')}, {loss}"

    def to_columns(self) -> Columns:
        """Return one row per budget."""
        return {"params": self.params, "tokens": self.tokens, "loss": self.loss}


def frontier(forecaster: Forecaster, flops: Array) -> Frontier:
    """Return the compute-optimal N, D and loss at each budget.

    Args:
        forecaster: forecasts a loss from one kind of params and from tokens.
        flops: C in FLOP, shape (n,).

    Raises:
        BadInput: the forecaster has other inputs, or a target that is not a loss.

    Example:
        >>> from scalelaw import laws
        >>> from scalelaw.fitting.published import published
        >>> frontier(published(laws.get("chinchilla"), "besiroglu2024"), np.array([1e21, 5.76e23])).loss.round(4)
        array([2.3055, 1.9744])

    Source:
        Hoffmann et al. 2022, arXiv 2203.15556, section 3.3.
    """
    path = optimal_path(survey(forecaster).point, np.atleast_1d(np.asarray(flops, float)))
    return Frontier(path.params[0], path.tokens[0], path.loss[0])
