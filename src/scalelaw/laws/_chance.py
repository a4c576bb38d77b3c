"""Base classes of laws of a score above chance: ``score = g + (1 - g) q``, where g is the score of guessing."""

from abc import abstractmethod
from dataclasses import dataclass, replace

import numpy as np

from scalelaw.core.errors import BadInput
from scalelaw.core.types import AnyArray, Array, Inputs
from scalelaw.laws._base import Law
from scalelaw.laws._powers import SumOfPowers, Term

_USUAL = 0.25
_LEAST, _MOST = 0.01, 1 - 1e-6
"""Range of the normalised score in which starts are sought."""


@dataclass(frozen=True)
class AboveChance(Law):
    """A law of a score with the field ``chance``, the score of guessing; None leaves it to the table."""

    chance: float | None = None

    output = "score"

    def __post_init__(self) -> None:
        if self.chance is None:
            return
        known = isinstance(self.chance, int | float) and not isinstance(self.chance, bool)
        if not known or not 0 <= self.chance < 1:
            raise BadInput(
                f"chance={self.chance!r} of {self.name} is not a fraction from 0 to below 1; write 0.25 for one in four"
            )
        object.__setattr__(self, "chance", float(self.chance))

    @property
    def may_rise(self) -> tuple[str, ...]:  # type: ignore[override]
        """Its inputs: more of them raises a score."""
        return self.inputs

    @property
    def guessed(self) -> float:
        """The score of guessing.

        Raises:
            BadInput: it is unset.
        """
        if self.chance is None:
            raise BadInput(
                f"{self.name} needs the score of guessing: write {self.name}[chance=0.25] for four choices, or "
                "chance=0 if guessing scores nothing"
            )
        return self.chance

    @property
    def shapes(self) -> tuple[Law, ...]:
        """This law; an unset chance becomes 0.25, one in four."""
        return (replace(self, chance=_USUAL) if self.chance is None else self,)


class ExponentialOfPowers(AboveChance, SumOfPowers):
    """``score = g + (1 - g) exp(-S)``, where S is a sum of powers given by its ``terms``."""

    @property
    @abstractmethod
    def terms(self) -> tuple[Term, ...]:
        """The terms of S."""

    def predict(self, coef: AnyArray, x: Inputs) -> AnyArray:
        """Evaluate the formula; see ``Law.predict``."""
        g = self.guessed
        return np.asarray(g + (1 - g) * np.exp(-SumOfPowers.predict(self, coef, x)))

    def value_and_jacobian(self, coef: Array, x: Inputs) -> tuple[Array, Array]:
        """Return values (..., n) and derivatives (..., k, n); see ``Law.value_and_jacobian``."""
        g = self.guessed
        exponent, slopes = self.inner(coef, x)
        above = (1 - g) * np.exp(-exponent)
        return g + above, -above[..., None, :] * slopes

    def inner(self, coef: Array, x: Inputs) -> tuple[Array, Array]:
        """Return S and its derivatives; see ``Law.inner``."""
        return SumOfPowers.value_and_jacobian(self, coef, x)

    def to_inner(self, y: Array) -> Array:
        """Return S = -ln q; q = (y - g) / (1 - g) is first clipped to stay away from 0 and 1. See ``Law.to_inner``."""
        return minus_log_of(y, self.guessed)


def minus_log_of(score: Array, chance: float) -> Array:
    """Return -ln of the normalised score (score - chance) / (1 - chance); use it only for starts of a fit.

    The normalised score is first clipped to stay away from 0 and 1.

    Example:
        >>> minus_log_of(np.array([0.25, 0.4375]), 0.25).round(3).tolist()
        [4.605, 1.386]
    """
    return np.asarray(-np.log(np.clip((score - chance) / (1 - chance), _LEAST, _MOST)))
