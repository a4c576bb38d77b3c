"""Accuracy as a logistic curve that starts at chance, score = g + (h - g) / (1 + exp(-k (ln C - ln x0)))."""

from dataclasses import dataclass

import numpy as np

from scalelaw.core.quantities import quantity
from scalelaw.core.types import AnyArray, Array, Inputs
from scalelaw.laws._base import Coef, OfOneInput
from scalelaw.laws._chance import AboveChance
from scalelaw.laws._math import expit

_MEASURED = ("loss", "bpb")


@dataclass(frozen=True)
class AccuracyLogistic(AboveChance, OfOneInput):
    """A logistic curve from ``chance`` to one, or to a fitted ceiling h: rising in ln C, or falling in loss or bpb."""

    input: str = "flops"
    ceiling: bool = False

    formula = "score = g + (h - g) / (1 + exp(-k (ln C - ln x0)));  of a loss: exp(k (L - x0))"
    cite = "after the sigmoids of Owen 2024, arXiv 2401.04757; lower end fixed at chance"
    traps = (
        "of compute it holds at one ratio of tokens to params only",
        "a ceiling is seen only by runs near it; without one the law tends to a score of 1",
    )

    def __post_init__(self) -> None:
        AboveChance.__post_init__(self)
        OfOneInput.__post_init__(self)

    @property
    def may_rise(self) -> tuple[str, ...]:  # type: ignore[override]
        """Its input, unless it is a loss."""
        return () if self.falling else self.inputs

    @property
    def falling(self) -> bool:
        """Whether the input is a loss, in which the score falls."""
        return self.input in _MEASURED

    @property
    def coefs(self) -> tuple[Coef, ...]:
        unit = quantity(self.input).unit
        low = self.chance or 0.0
        highest = Coef("h", "best score", low=low, high=1.0, starts=((1 + low) / 2, 1.0))
        return (
            Coef("x0", f"{self.input} halfway from chance to the best score", unit, within=self.input,
                 log=not self.falling),
            Coef("k", "steepness", f"1/({unit})" if self.falling else "1",
                 starts=(0.5, 20.0) if self.falling else (0.1, 3.0), log=True),
            *((highest,) if self.ceiling else ()),
        )  # fmt: skip

    def predict(self, coef: AnyArray, x: Inputs) -> AnyArray:
        """Evaluate the formula; see ``Law.predict``."""
        g = self.guessed
        x0, k, *ceiling = self.columns(coef)
        height = (ceiling[0] if ceiling else 1.0) - g
        return np.asarray(g + height * expit(k * self._way(x0, x)))

    def value_and_jacobian(self, coef: Array, x: Inputs) -> tuple[Array, Array]:
        """Return values (..., n) and derivatives (..., k, n); see ``Law.value_and_jacobian``."""
        g = self.guessed
        x0, k, *ceiling = self.columns(coef)
        height, way = (ceiling[0] if ceiling else 1.0) - g, self._way(x0, x)
        share = expit(k * way)
        slope = height * share * (1 - share)
        by_place = slope * k * (1.0 if self.falling else -1 / x0)
        slopes = [by_place, slope * way, *([share] if ceiling else [])]
        return np.asarray(g + height * share), np.stack(slopes, axis=-2)

    def _way(self, x0: AnyArray, x: Inputs) -> AnyArray:
        """Return how far the inputs are beyond the middle, in the direction of better scores."""
        return np.asarray(x0 - x[self.input] if self.falling else np.log(x[self.input]) - np.log(x0))


LAW = AccuracyLogistic()
