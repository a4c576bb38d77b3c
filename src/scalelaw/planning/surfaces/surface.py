"""The interface of loss surfaces over params and tokens; planners work on b of them at once."""

from dataclasses import dataclass
from typing import Protocol

from scalelaw.accounting.flops import Counting
from scalelaw.core.nouns.brief import Brief
from scalelaw.core.types import Array


@dataclass(frozen=True, eq=False)
class Points(Brief):
    """One (N, D, C) for each of b surfaces, each of shape (b,); NaN where a surface has no optimum.

    Attributes:
        params: N; infinite if no budget reaches the goal.
        tokens: D; infinite if no budget reaches the goal.
        flops: C; infinite if no budget reaches the goal.
    """

    params: Array
    tokens: Array
    flops: Array


class Surface(Protocol):
    """The losses of b laws over (N, D): one for a point estimate, many for draws.

    All surfaces share the same points, since a forecaster's ``sample`` takes one set of points.
    """

    @property
    def counting(self) -> Counting:
        """Convention that gives C from N and D."""

    @property
    def size(self) -> int:
        """The number b of surfaces."""

    def loss(self, params: Array, tokens: Array) -> Array:
        """Return the loss (b, n) at n points."""

    def optimum(self, flops: Array) -> tuple[Array, Array]:
        """Return N* (b, n) and its loss (b, n) at n budgets; NaN where a surface has no optimum."""

    def at_loss(self, loss: Array, around: float | None = None) -> Points:
        """Return the points where each surface first reaches the loss along its optimum; infinite if it never does.

        Args:
            loss: a target for each surface, shape (b,) or (1,).
            around: C in FLOP at the centre of the search; None, for a single surface only, searches everywhere.
        """
