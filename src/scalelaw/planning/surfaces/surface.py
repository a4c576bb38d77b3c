"""What planners compute on: b loss surfaces over params and tokens at once, in closed form or numerically."""

from dataclasses import dataclass
from typing import Protocol

from scalelaw.accounting.flops import Counting
from scalelaw.core.nouns.brief import Brief
from scalelaw.core.types import Array


@dataclass(frozen=True, eq=False)
class Points(Brief):
    """One (N, D, C) for each of b surfaces, each of shape (b,); NaN where a surface has no optimum.

    Attributes:
        params: N; infinite where no budget does what was asked.
        tokens: D; infinite likewise.
        flops: C; infinite likewise.
    """

    params: Array
    tokens: Array
    flops: Array


class Surface(Protocol):
    """The losses of b laws over (N, D): one for a point estimate, many for draws.

    Points are the same for every surface, because that is all a forecaster's ``sample`` can be asked.
    """

    @property
    def counting(self) -> Counting:
        """How C follows from N and D."""

    @property
    def size(self) -> int:
        """The number b of surfaces."""

    def loss(self, params: Array, tokens: Array) -> Array:
        """Return the loss (b, n) at n points."""

    def optimum(self, flops: Array) -> tuple[Array, Array]:
        """Return N* (b, n) and the loss there (b, n) at n budgets; NaN where a surface has no optimum."""

    def at_loss(self, loss: Array, around: float | None = None) -> Points:
        """Return where each surface first reaches the loss along its own optimum; infinite where it never does.

        Args:
            loss: a target for each surface, shape (b,) or (1,).
            around: C in FLOP to look around; None, for a single surface, looks everywhere.
        """
