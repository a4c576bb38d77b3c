"""Surfaces of several laws at once: what a mixture decides is what its laws decide, each as often as it weighs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np

from scalelaw.accounting.flops import Counting
from scalelaw.core.types import Array
from scalelaw.planning.closed import HasLaw
from scalelaw.planning.iso_cost import surface_of
from scalelaw.planning.surface import Points, Surface


@runtime_checkable
class HasDeciders(Protocol):
    """A forecaster of several laws, some of which have a compute-optimal split."""

    @property
    def deciding(self) -> Sequence[tuple[HasLaw, float]]:
        """Those laws, each with its weight; the weights sum to one."""

    @property
    def decision_factor(self) -> float:
        """How much wider decisions spread than the laws' draws have it."""


@dataclass(frozen=True, eq=False)
class Pooled:
    """The surfaces of several laws, one below the other.

    Attributes:
        parts: the laws at their draws.
        counting: how C follows from N and D; also which N the laws take.
    """

    parts: tuple[Surface, ...]
    counting: Counting

    @property
    def size(self) -> int:
        """The number of surfaces."""
        return sum(part.size for part in self.parts)

    def loss(self, params: Array, tokens: Array) -> Array:
        """Return the loss (b, n) at n points, or at points (b, n) of each surface's own."""
        points = zip(self._of_parts(params), self._of_parts(tokens), strict=True)
        return np.vstack([part.loss(n, d) for part, (n, d) in zip(self.parts, points, strict=True)])

    def optimum(self, flops: Array) -> tuple[Array, Array]:
        """Return N* (b, n) and the loss there; NaN where a surface has no optimum."""
        found = [part.optimum(flops) for part in self.parts]
        return np.vstack([params for params, _ in found]), np.vstack([loss for _, loss in found])

    def at_loss(self, loss: Array, around: float | None = None) -> Points:
        """Return where each surface first reaches the loss."""
        losses = [each.ravel() for each in self._of_parts(loss[:, None] if len(loss) > 1 else loss)]
        found = [part.at_loss(each, around) for part, each in zip(self.parts, losses, strict=True)]
        joined = (np.concatenate([getattr(each, name) for each in found]) for name in ("params", "tokens", "flops"))
        return Points(*joined)

    def _of_parts(self, values: Array) -> list[Array]:
        """Return what each part sees: its own rows of (b, n) values, all of (n,) ones."""
        if values.ndim < 2 or len(values) != self.size:
            return [values] * len(self.parts)
        return np.split(values, np.cumsum([part.size for part in self.parts])[:-1])


def widened(points: Points, factor: float) -> Points:
    """Return the answers of the draws with their distances from the median multiplied, on the log."""
    if factor == 1.0:
        return points
    return Points(*(_apart(values, factor) for values in (points.params, points.tokens, points.flops)))


def _apart(values: Array, factor: float) -> Array:
    finite = np.isfinite(values) & (values > 0)
    if not finite.any():
        return values
    logs = np.log(np.where(finite, values, 1.0))
    middle = np.median(logs[finite])
    return np.where(finite, np.exp(middle + factor * (logs - middle)), values)


def pooled(deciding: Sequence[tuple[HasLaw, float]], counting: Counting) -> Pooled | None:
    """Return the surfaces of laws at as many of their draws as each weighs, or None where some law has no draws."""
    parts = []
    for forecaster, weight in deciding:
        if forecaster.draws is None:
            return None
        taken = forecaster.draws[: max(1, round(weight * len(forecaster.draws)))]
        parts.append(surface_of(forecaster.law, taken, counting))  # type: ignore[arg-type]
    return Pooled(tuple(parts), counting)
